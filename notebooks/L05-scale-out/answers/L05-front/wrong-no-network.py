for name in ["web-a", "web-b"]:
    client.containers.run("ada-shop", name=name, detach=True)
client.containers.run("ada-balancer", name="balancer", ports={"8080/tcp": None}, environment={"SERVERS": "web-a:7080,web-b:7080"}, detach=True)
