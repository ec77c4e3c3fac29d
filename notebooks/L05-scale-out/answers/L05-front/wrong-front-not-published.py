client.networks.create("town")
for name in ["web-a", "web-b"]:
    client.containers.run("ada-shop", name=name, network="town", detach=True)
client.containers.run("ada-balancer", name="balancer", network="town", environment={"SERVERS": "web-a:7080,web-b:7080"}, detach=True)
