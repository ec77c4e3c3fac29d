sold = parameter("sold")
for goods in ["tea", "bread", "candles"]:
    stall = client.containers.run("course/busybox", ["sleep", "600"], name=f"stall-{goods}", detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"])
