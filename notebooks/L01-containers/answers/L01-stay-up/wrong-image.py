program = Path("shop.py").read_text()
client.containers.run("course/busybox", ["python3", "-c", program], name="shop", detach=True)
