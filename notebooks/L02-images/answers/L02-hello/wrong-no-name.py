client.containers.run("course/busybox", ["echo", "hello"])
