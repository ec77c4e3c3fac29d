client.images.get("prices:2").tag("prices", tag="latest")
mistaken = client.images.get("prices:2").attrs["Id"]
client.images.remove("prices:latest")
client.api.tag("prices:1", "prices")
[copy] = tom.images.load(b"".join(client.images.get("prices:1").save(named="prices:1")))
copy.tag("prices", tag="latest")
