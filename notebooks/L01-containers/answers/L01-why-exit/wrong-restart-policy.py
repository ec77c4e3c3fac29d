exit_code = night.wait()["StatusCode"]
client.containers.run(
    "course/busybox", command, name="night-shop", detach=True, restart_policy={"Name": "on-failure", "MaximumRetryCount": 3}
)
