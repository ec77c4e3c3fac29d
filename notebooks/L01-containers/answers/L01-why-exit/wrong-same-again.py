exit_code = night.wait()["StatusCode"]
client.containers.run("course/busybox", command, name="night-shop", detach=True).wait()
