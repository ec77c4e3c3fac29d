added = "/srv/price.txt"
market.start()
market.commit("shop")
again.remove(force=True)
again = client.containers.run("shop", name="market-2", detach=True)
image_id = client.images.get("shop").id
