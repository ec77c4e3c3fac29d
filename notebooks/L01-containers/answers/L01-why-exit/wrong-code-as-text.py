exit_code = str(night.wait()["StatusCode"])
client.containers.run("course/python", command, name="night-shop", detach=True)
