client.networks.create("town")
for name in ["web-a", "web-b"]:
    client.containers.run("course/node", name=name, network="town", detach=True).wait()
client.containers.run("ada-balancer", name="balancer", network="town", ports={"8080/tcp": None}, environment={"SERVERS": "web-a:7080,web-b:7080"}, detach=True)
