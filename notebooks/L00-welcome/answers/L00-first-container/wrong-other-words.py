client.containers.run("course/busybox", ["echo", "hello"], name="first")
