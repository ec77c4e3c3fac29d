for goods in ["tea", "bread", "candles"]:
    stall = client.containers.run("shop", name=f"stall-{goods}", detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} 1 > /srv/sold.txt"])
