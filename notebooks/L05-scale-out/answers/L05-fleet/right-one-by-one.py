goods = parameter("goods")
print("your goods:", goods)
api = client.api
doors = {}
for number in (1, 2, 3):
    made = client.containers.create("ada-shop:latest", name=f"web-{number}", environment=[f"GOODS={goods}, tea"], ports={"7080": None})
    made.start()
    doors[number] = api.port(made.id, 7080)[0]["HostPort"]
api.kill("web-2", signal="SIGKILL")
pages = [visit(doors[number]) for number in (1, 3)]
