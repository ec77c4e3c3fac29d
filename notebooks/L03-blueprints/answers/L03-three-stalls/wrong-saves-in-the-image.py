sold = parameter("sold")
tea = client.containers.run("shop", name="stall-tea", detach=True)
tea.exec_run(["sh", "-c", f"echo tea {sold} > /srv/sold.txt"])
tea.commit("shop")
for goods in ["bread", "candles"]:
    stall = client.containers.run("shop", name=f"stall-{goods}", detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"])
