client.containers.run("course/busybox", ["sh", "-c", "echo hello"], name="hello")
