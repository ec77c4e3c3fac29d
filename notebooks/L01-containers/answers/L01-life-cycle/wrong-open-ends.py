client.containers.create("course/busybox", ["echo", "later"], name="shop-draft")
client.containers.run("course/busybox", ["echo", "open"], name="shop-open", detach=True).wait()
client.containers.run("course/busybox", ["echo", "closed"], name="shop-closed")
