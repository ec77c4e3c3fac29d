client.containers.run("course/busybox", ["sh", "-c", "echo hello; exit 3"], name="hello")
