exit_code = 1
client.containers.run("course/python", command, name="night-shop", detach=True)
