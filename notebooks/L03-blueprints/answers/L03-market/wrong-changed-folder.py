image_id = market.attrs["Image"]
added = market.diff()[0]["Path"]
market.start()
again.exec_run(["sh", "-c", "echo tea 3, bread 2 > price.txt"])
