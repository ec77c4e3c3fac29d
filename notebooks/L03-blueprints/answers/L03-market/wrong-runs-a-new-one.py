image_id = market.attrs["Image"]
added = "/srv/price.txt"
market.remove()
client.containers.run("shop", name="market", detach=True)
again.exec_run(["sh", "-c", "echo tea 3, bread 2 > price.txt"])
