town = parameter("town")
shared, door = {"TOWN": town}, {"7080/tcp": None}
sign = ["--sign", "fine flour"]
client.containers.run("town-shop", name="bakery-2", environment={**shared, "NAME": "bakery"}, ports=door, detach=True)
client.containers.run("town-shop", name="quay-2", environment={**shared, "NAME": "quay"}, ports=door, detach=True)
client.containers.run("town-shop", sign, name="mill-2", environment={**shared, "NAME": "mill"}, ports=door, detach=True)
client.containers.run("town-shop", name="tower-2", environment={**shared, "NAME": "tower", "PORT": "9090"}, ports=door, detach=True)
causes = {"bakery": "variable", "quay": "address", "mill": "command", "tower": "port"}
