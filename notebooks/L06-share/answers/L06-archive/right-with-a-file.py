with open("prices.tar", "wb") as file:
    for part in client.images.get("prices:1").save(named=True):
        file.write(part)
with open("prices.tar", "rb") as file:
    tom.images.load(file)
made = tom.containers.create("prices:1", name="list")
made.start()
made.wait()
