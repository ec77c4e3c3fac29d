sold = parameter("sold")
for goods in ["tea", "bread", "candles"]:
    command = ["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"]
    client.containers.run("shop", command, name=f"stall-{goods}", detach=True).wait()
