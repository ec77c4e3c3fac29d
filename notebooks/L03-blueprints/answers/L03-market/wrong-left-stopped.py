image_id = market.attrs["Image"]
added = "/srv/price.txt"
again.exec_run(["sh", "-c", "echo tea 3, bread 2 > price.txt"])
