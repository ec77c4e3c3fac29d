counter = busy_counter(client)
missing = "bread"
goods = next(line.split()[1].strip(":") for line in counter.logs().decode().splitlines() if line.startswith("refused"))
prices = unpack(counter.get_archive("/srv/prices.txt")[0])
counter.put_archive("/srv", pack("prices.txt", f"{prices}{goods} 4\n"))
counter.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/sell/{goods}"])
ledger = unpack(counter.get_archive("/data/ledger.txt")[0])
