sent = b"".join(client.images.get("prices:2").save(named="prices:2"))
tom.images.load(sent)[0].tag("prices:1")
tom.containers.run("prices:1", name="list")
