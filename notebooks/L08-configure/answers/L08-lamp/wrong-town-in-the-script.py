town = parameter("town")
pathlib.Path("lamp/Dockerfile").write_text(f"""
FROM town-shop
COPY start.sh .
ENTRYPOINT ["sh", "start.sh"]
""")
script = pathlib.Path("lamp/start.sh").read_text()
pathlib.Path("lamp/start.sh").write_text("export TOWN=" + town + "\n" + script.replace("\nnode", "\nexec node"))
client.images.build(path="lamp", tag="lamp")
lamp = client.containers.run("lamp", name="lamp", detach=True)
ready = next(line for line in lamp.logs(stream=True) if b"listens" in line)
lamp.stop(timeout=3)
