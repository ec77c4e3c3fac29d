client.networks.create("town")
for name in ["web-a", "web-b"]:
    client.containers.run("ada-shop", name=name, network="town", detach=True)
client.containers.run("ada-shop", name="balancer", network="town", ports={"8080/tcp": None}, environment={"SERVERS": "web-a:7080,web-b:7080"}, detach=True)
