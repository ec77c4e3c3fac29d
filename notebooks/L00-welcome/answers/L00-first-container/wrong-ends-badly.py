client.containers.run("course/busybox", ["sh", "-c", "echo the shop is ready; ready"], name="first", detach=True).wait()
