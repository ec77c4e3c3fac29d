client.images.get("prices:2").tag("prices", tag="latest")
mistaken = client.images.get("prices:latest").id
client.images.remove("prices:latest")
