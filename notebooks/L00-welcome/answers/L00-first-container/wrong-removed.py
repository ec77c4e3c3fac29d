client.containers.run("course/busybox", ["echo", "the shop is ready"], name="first", remove=True)
