town = parameter("town")
for name in ["bakery", "quay", "mill", "tower"]:
    port = "9090" if name == "tower" else "7080"
    settings = {"TOWN": town, "NAME": name, "HOST": "0.0.0.0", "PORT": port}
    whole = ["node", "server.js", "--sign", "fine flour"]
    client.containers.run("town-shop", [], entrypoint=whole, name=f"{name}-2", environment=settings, ports={f"{port}/tcp": None}, detach=True)
causes = {"bakery": "variable", "quay": "address", "mill": "command", "tower": "port"}
