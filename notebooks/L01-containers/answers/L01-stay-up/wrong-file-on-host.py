client.containers.run("course/python", ["python3", "shop.py"], name="shop", detach=True).wait()
