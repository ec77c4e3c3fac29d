goods = parameter("goods")
print("your goods:", goods)
servers = {}
first = client.containers.create("ada-shop")
for name in ["web-1", "web-2", "web-3"]:
    if name == "web-3":
        first.commit("ada-shop")
    servers[name] = client.containers.run("ada-shop", name=name, ports={"7080/tcp": None}, environment={"GOODS": goods}, detach=True)
servers.pop("web-2").kill()
pages = []
for server in servers.values():
    server.reload()
    pages.append(visit(server.ports["7080/tcp"][0]["HostPort"]))
