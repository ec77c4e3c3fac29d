sign, goods = parameter("sign"), parameter("order")
print("your sign:", sign, "- your goods:", goods)
client.networks.create("market")
client.volumes.create("orders")
options = {"name": "back", "network": "market", "volumes": {"orders": {"bind": "/orders", "mode": "rw"}}, "detach": True}
client.containers.run("ada-back", **options)
front = client.containers.run("ada-front", name="front", network="market", ports={"8080/tcp": None}, environment={"SIGN": sign}, detach=True)
print(visit(front, 8080, f"/order?what={goods}"))
client.containers.get("back").remove(force=True)
