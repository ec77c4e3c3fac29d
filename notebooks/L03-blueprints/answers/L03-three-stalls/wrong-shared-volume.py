sold = parameter("sold")
for goods in ["tea", "bread", "candles"]:
    stall = client.containers.run("shop", name=f"stall-{goods}", volumes=["sales:/srv"], detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"])
