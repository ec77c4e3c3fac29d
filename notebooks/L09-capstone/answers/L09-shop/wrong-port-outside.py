sign, goods = parameter("sign"), parameter("order")
print("your sign:", sign, "- your goods:", goods)
client.networks.create("market")
client.volumes.create("orders")
options = {"name": "back", "network": "market", "volumes": {"orders": {"bind": "/orders", "mode": "rw"}}, "ports": {"5000/tcp": None}, "detach": True}
client.containers.run("ada-back", **options)
door = client.api.port("back", 5000)[0]["HostPort"]
front = client.containers.run("ada-front", name="front", network="market", ports={"8080/tcp": None}, environment={"SIGN": sign, "BACK": f"back:{door}"}, detach=True)
print(visit(front, 8080, f"/order?what={goods}"))
client.containers.get("back").remove(force=True)
client.containers.run("ada-back", **options)
