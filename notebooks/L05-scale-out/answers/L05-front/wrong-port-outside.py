client.networks.create("town")
for name in ["web-a", "web-b"]:
    client.containers.run("ada-shop", name=name, network="town", ports={"7080/tcp": None}, detach=True)
doors = [client.api.port(name, 7080)[0]["HostPort"] for name in ["web-a", "web-b"]]
client.containers.run("ada-balancer", name="balancer", network="town", ports={"8080/tcp": None}, environment={"SERVERS": f"web-a:{doors[0]},web-b:{doors[1]}"}, detach=True)
