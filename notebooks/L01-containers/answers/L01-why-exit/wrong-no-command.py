exit_code = night.wait()["StatusCode"]
client.containers.run("course/python", name="night-shop", detach=True).wait()
