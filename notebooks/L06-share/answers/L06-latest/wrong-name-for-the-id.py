client.images.get("prices:2").tag("prices", tag="latest")
mistaken = "prices:2"
client.images.get("prices:1").tag("prices", tag="latest")
sent = b"".join(client.images.get("prices:latest").save(named="prices:latest"))
tom.images.load(sent)
