image_id = market.attrs["Image"]
added = "/srv/price.txt"
market.remove()
market = client.containers.run("shop", name="market", detach=True)
for stall in [market, again]:
    stall.exec_run(["sh", "-c", "echo tea 3, bread 2 > price.txt"])
