goods = parameter("goods")
print("your goods:", goods)
servers = {}
for name in ["web-1", "web-2", "web-3"]:
    servers[name] = client.containers.run("ada-shop", name=name, environment={"GOODS": goods}, detach=True)
servers.pop("web-2").kill()
pages = []
for server in servers.values():
    server.reload()
    pages.append(visit(7080))
