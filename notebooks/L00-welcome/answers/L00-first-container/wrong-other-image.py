client.containers.run("course/python", ["echo", "the shop is ready"], name="first")
