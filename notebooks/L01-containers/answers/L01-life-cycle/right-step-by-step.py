names = ["shop-draft", "shop-open", "shop-closed"]
commands = [["true"], ["tail", "-f", "/dev/null"], ["sh", "-c", "sleep 0.1; exit 0"]]
draft, shop, closed = (
    client.containers.create("course/busybox", command, name=name) for name, command in zip(names, commands)
)
shop.start()
closed.start()
closed.wait()
