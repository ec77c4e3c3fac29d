counter = busy_counter(client)
goods = next(line.split()[1].strip(":") for line in counter.logs().decode().splitlines() if line.startswith("refused"))
missing = goods
counter.stop()
prices = unpack(counter.get_archive("/srv/prices.txt")[0])
counter.put_archive("/srv", pack("prices.txt", f"{prices}{goods} 4\n"))
counter.start()
counter.exec_run(["sh", "-c", f"until wget -qO- http://127.0.0.1:7080/sell/{goods}; do usleep 100000; done"])
ledger = unpack(counter.get_archive("/data/ledger.txt")[0])
