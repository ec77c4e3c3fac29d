client.containers.create("course/busybox", ["echo", "later"], name="shop-draft")
client.containers.run("course/python", ["sleep", "600"], name="shop-open", detach=True)
client.containers.run("course/busybox", ["echo", "closed"], name="shop-closed")
