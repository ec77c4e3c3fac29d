sign, goods = parameter("sign"), parameter("order")
print("your sign:", sign, "- your goods:", goods)
import docker.types

inner, outer = client.networks.create("inner"), client.networks.create("outer")
mount = docker.types.Mount("/orders", "orders", type="volume")
policy = {"Name": "on-failure", "MaximumRetryCount": 3}
back = client.containers.run("ada-back", name="back", network="inner", mounts=[mount], restart_policy=policy, detach=True)
front = client.containers.run("ada-front", name="front", network="outer", ports={"8080/tcp": None}, environment={"SIGN": sign}, detach=True)
inner.connect(front)
page = visit(front, 8080, f"/order?what={goods}")
back.kill()
back.remove(v=False)
client.containers.run("ada-back", name="back", network="inner", mounts=[mount], restart_policy=policy, detach=True)
