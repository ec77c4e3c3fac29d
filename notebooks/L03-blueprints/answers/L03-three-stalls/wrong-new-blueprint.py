sold = parameter("sold")
Path("Dockerfile").write_text("FROM shop\nRUN echo nothing > sold.txt\n")
client.images.build(path=".", tag="shop")
for goods in ["tea", "bread", "candles"]:
    stall = client.containers.run("shop", name=f"stall-{goods}", detach=True)
    stall.exec_run(["sh", "-c", f"echo {goods} {sold} > /srv/sold.txt"])
