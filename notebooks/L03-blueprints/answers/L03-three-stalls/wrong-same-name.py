sold = parameter("sold")
for goods in ["tea", "bread", "candles"]:
    stall = client.containers.run("shop", name="stall-tea", detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"])
