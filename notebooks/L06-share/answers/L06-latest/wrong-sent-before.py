client.images.get("prices:2").tag("prices", tag="latest")
mistaken = client.images.get("prices:latest").id
tom.images.load(b"".join(client.images.get("prices:latest").save(named="prices:latest")))
client.images.get("prices:1").tag("prices", tag="latest")
