client.containers.create("course/busybox", ["echo", "the shop is ready"], name="first")
