crew, last = parameter("crew"), parameter("last")
end_of_season(client, crew)
for mine in client.containers.list(filters={"label": f"crew={crew}"}):
    mine.remove(force=True)
stand = client.containers.run("corner-shop", name="stand-3", labels={"crew": crew}, volumes=["ledger:/data"], detach=True)
next(stand.logs(stream=True))
stand.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/sell/{last}"])
