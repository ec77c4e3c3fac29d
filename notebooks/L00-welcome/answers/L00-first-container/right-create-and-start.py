first = client.containers.create("course/busybox", ["sh", "-c", "printf 'the shop is ready\\n'"], name="first")
first.start()
first.wait()
