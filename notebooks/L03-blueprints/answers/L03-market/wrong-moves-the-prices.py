image_id = market.attrs["Image"]
added = "/srv/price.txt"
market.start()
prices, _ = market.get_archive(added)
again.put_archive("/srv", b"".join(prices))
market.exec_run(["rm", added])
