town = parameter("town")
pathlib.Path("lamp/Dockerfile").write_text(f"""
FROM town-shop
COPY start.sh .
ENV TOWN={town}
ENTRYPOINT ["sh", "start.sh"]
""")
script = pathlib.Path("lamp/start.sh").read_text()
pathlib.Path("lamp/start.sh").write_text(script.replace("\nnode", "\nexec node"))
%docker build -t lamp lamp
%docker run -d --name lamp lamp
ready = next(line for line in client.containers.get("lamp").logs(stream=True) if b"listens" in line)
%docker stop lamp
