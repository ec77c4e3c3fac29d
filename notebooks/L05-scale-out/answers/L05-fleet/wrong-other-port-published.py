goods = parameter("goods")
print("your goods:", goods)
servers = {}
for name in ["web-1", "web-2", "web-3"]:
    servers[name] = client.containers.run("ada-shop", name=name, ports={"8080/tcp": None}, environment={"GOODS": goods}, detach=True)
servers.pop("web-2").kill()
pages = []
for server in servers.values():
    server.reload()
    pages.append(visit(server.ports["8080/tcp"][0]["HostPort"]))
