sent = b"".join(client.images.get("prices:1").save(named="prices:1"))
tom.images.load(sent)
client.containers.run("prices:1", name="list")
