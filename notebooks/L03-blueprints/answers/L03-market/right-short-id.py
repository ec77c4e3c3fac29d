image_id = market.image.short_id
added = market.diff()[-1]["Path"]
market.restart()
price = market.exec_run(["cat", "price.txt"]).output.decode().strip()
again.exec_run(["sh", "-c", f"echo '{price}' > /srv/price.txt"])
