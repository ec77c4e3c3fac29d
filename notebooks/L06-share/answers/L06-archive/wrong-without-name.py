sent = b"".join(client.images.get("prices:1").save())
tom.images.load(sent)
tom.containers.run("prices:1", name="list")
