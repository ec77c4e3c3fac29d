crew = parameter("crew")
probe = {"test": ["CMD-SHELL", "wget -qO- http://localhost:7080/health || exit 1"], "interval": 1_000_000_000}
back = {"Name": "on-failure", "MaximumRetryCount": 3}
kiosk = client.containers.run("corner-shop", name="kiosk", labels={"crew": crew}, restart_policy=back, healthcheck=probe, detach=True, ports={"7080/tcp": None})
next(kiosk.logs(stream=True))
kiosk.exec_run(["wget", "-qO-", "http://127.0.0.1:7080/fault"])
