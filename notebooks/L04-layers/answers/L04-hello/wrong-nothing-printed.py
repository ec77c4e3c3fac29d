client.containers.run("course/busybox", ["true"], name="hello")
