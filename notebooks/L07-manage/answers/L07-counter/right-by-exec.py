counter = busy_counter(client)
goods = next(line.split()[1].strip(":") for line in counter.logs().decode().splitlines() if line.startswith("refused"))
missing = goods
counter.exec_run(["sh", "-c", f"echo {goods} 7 >> prices.txt"])
counter.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/sell/{goods}"])
ledger = counter.exec_run(["cat", "/data/ledger.txt"]).output.decode()
