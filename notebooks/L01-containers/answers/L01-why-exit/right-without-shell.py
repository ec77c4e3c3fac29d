night.wait()
night.reload()
exit_code = night.attrs["State"]["ExitCode"]
client.containers.run("course/python", ["python3", "-m", "http.server", "8080"], name="night-shop", detach=True)
