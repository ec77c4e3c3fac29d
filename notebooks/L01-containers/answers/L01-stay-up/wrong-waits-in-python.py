client.containers.run("course/python", name="shop", tty=True, stdin_open=True, detach=True)
