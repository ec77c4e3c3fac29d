client.containers.create("course/busybox", ["echo", "later"], name="shop-draft")
client.containers.run("course/busybox", ["sleep", "600"], name="shop-open", detach=True)
client.containers.run("course/busybox", ["ls", "/nowhere"], name="shop-closed", detach=True).wait()
