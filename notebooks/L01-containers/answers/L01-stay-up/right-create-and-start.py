program = Path("shop.py").read_text()
shop = client.containers.create("course/python", entrypoint=["python3", "-c"], command=[program], name="shop")
shop.start()
