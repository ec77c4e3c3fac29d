counter = busy_counter(client)
log = !docker logs counter
[missing] = [line.split()[1].strip(":") for line in log if line.startswith("refused")]
%docker cp counter:/srv/prices.txt prices.txt
!echo {missing} 4 >> prices.txt
%docker cp prices.txt counter:/srv/prices.txt
!docker exec counter wget -qO- http://127.0.0.1:7080/sell/{missing}
%docker cp counter:/data/ledger.txt ledger.txt
ledger = open("ledger.txt").read()
