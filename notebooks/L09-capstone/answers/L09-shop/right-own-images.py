sign, goods = parameter("sign"), parameter("order")
print("your sign:", sign, "- your goods:", goods)
from pathlib import Path

Path("shop-back/Dockerfile").write_text("""FROM course/python
ENV ORDERS=/data
COPY back.py /
RUN mkdir /data && chown app /data
USER app
CMD ["python3", "/back.py"]
""")
Path("shop-front/Dockerfile").write_text("""FROM course/node
COPY . /srv/
ENV BACK=keeper:5000
USER app
CMD ["node", "/srv/front.js"]
""")
for part in ["back", "front"]:
    client.images.build(path=f"shop-{part}", tag=f"shop-{part}")
town = client.networks.create("town")


def run_back():
    back = client.containers.create("shop-back", name="back", volumes=["orders:/data"])
    town.connect(back, aliases=["keeper"])
    back.start()


run_back()
front = client.containers.create("shop-front", name="front", network="town", environment=[f"SIGN={sign}"], ports={8080: None})
front.start()
print(visit(front, 8080, f"/order?what={goods}"))
client.containers.get("back").remove(force=True)
run_back()
