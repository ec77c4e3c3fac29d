program = Path("shop.py").read_text()
client.containers.run("course/python", ["python3", "-c", program], detach=True)
