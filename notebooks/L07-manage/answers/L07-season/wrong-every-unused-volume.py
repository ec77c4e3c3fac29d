crew, last = parameter("crew"), parameter("last")
end_of_season(client, crew)
client.containers.get("stand-1").remove(force=True)
client.containers.get("stand-2").remove()
stand = client.containers.run("corner-shop", name="stand-3", labels={"crew": crew}, volumes=["ledger:/data"], detach=True)
next(stand.logs(stream=True))
stand.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/sell/{last}"])
for volume in client.volumes.list():
    try:
        volume.remove()
    except docker.errors.APIError as refusal:
        print(refusal.explanation)
