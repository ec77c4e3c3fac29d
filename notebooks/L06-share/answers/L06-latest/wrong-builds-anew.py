client.images.get("prices:2").tag("prices", tag="latest")
mistaken = client.images.get("prices:latest").id
from pathlib import Path
Path("Dockerfile").write_text('FROM prices:2\nRUN sed -i "s/9/2/" /srv/prices.txt\n')
client.images.build(path=".", tag="prices:latest")
sent = b"".join(client.images.get("prices:latest").save(named="prices:latest"))
tom.images.load(sent)
