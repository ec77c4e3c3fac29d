crew, last = parameter("crew"), parameter("last")
end_of_season(client, crew)
client.containers.get("stand-1").stop()
for ended in client.containers.list(all=True, filters={"status": "exited"}):
    ended.remove()
client.volumes.get("drafts").remove()
stand = client.containers.run("corner-shop", name="stand-3", labels={"crew": crew}, volumes=["ledger:/data"], detach=True)
next(stand.logs(stream=True))
stand.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/sell/{last}"])
