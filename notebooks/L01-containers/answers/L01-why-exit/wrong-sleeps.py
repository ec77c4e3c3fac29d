exit_code = night.wait()["StatusCode"]
client.containers.run("course/python", ["sleep", "600"], name="night-shop", detach=True)
