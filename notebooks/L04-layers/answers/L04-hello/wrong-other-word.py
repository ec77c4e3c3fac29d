client.containers.run("course/busybox", ["echo", "goodbye"], name="hello")
