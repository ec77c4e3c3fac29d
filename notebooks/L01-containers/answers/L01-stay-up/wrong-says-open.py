program = "import time; print('the shop is open', flush=True); time.sleep(600)"
client.containers.run("course/python", ["python3", "-c", program], name="shop", detach=True)
