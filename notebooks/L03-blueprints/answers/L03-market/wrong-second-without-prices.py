image_id = market.attrs["Image"]
added = "/srv/price.txt"
market.start()
again.restart()
