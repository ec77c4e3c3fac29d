client.images.get("prices:2").tag("prices", tag="latest")
mistaken = client.images.get("prices:latest").id
client.images.get("prices:latest").tag("prices", tag="1")
sent = b"".join(client.images.get("prices:latest").save(named="prices:latest"))
tom.images.load(sent)
