sold = parameter("sold")
for goods, number in {"tea": sold, "bread": 2, "candles": 7}.items():
    command = ["sh", "-c", f"echo {goods} {number} > sold.txt; exec python3 shop.py"]
    client.containers.create("shop", command, name=f"stall-{goods}").start()
