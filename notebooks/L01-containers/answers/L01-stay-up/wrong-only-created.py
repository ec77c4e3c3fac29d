program = Path("shop.py").read_text()
client.containers.create("course/python", ["python3", "-c", program], name="shop")
