client.containers.run(
    "course/python", ["python3", "-c", "print('the shop is open')"], name="shop", detach=True
).wait()
