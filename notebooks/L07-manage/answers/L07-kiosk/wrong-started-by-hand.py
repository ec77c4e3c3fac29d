crew = parameter("crew")
probe = {"test": ["CMD", "wget", "-qO-", "http://127.0.0.1:7080/health"], "interval": 1_000_000_000}
back = {"Name": "on-failure", "MaximumRetryCount": 3}
kiosk = client.containers.run("corner-shop", name="kiosk", labels={"crew": crew}, healthcheck=probe, detach=True)
next(kiosk.logs(stream=True))
kiosk.exec_run(["wget", "-qO-", "http://127.0.0.1:7080/fault"])
kiosk.wait()
kiosk.start()
