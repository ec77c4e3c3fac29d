image_id = "shop"
added = "/srv/price.txt"
market.start()
again.exec_run(["sh", "-c", "echo tea 3, bread 2 > price.txt"])
