client.images.get("prices:2").tag("prices", tag="latest")
client.images.get("prices:1").tag("prices", tag="latest")
mistaken = client.images.get("prices:latest").id
sent = b"".join(client.images.get("prices:latest").save(named="prices:latest"))
tom.images.load(sent)
