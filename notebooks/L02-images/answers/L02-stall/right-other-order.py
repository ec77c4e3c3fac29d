lines = [
    "FROM course/python",
    f"LABEL seal={seal}",
    "EXPOSE 8000/tcp",
    "ENV GOODS=fish,\\ nets",
    "COPY shop.py /srv/",
    "WORKDIR /srv/",
    'ENTRYPOINT ["python3", "-u", "shop.py"]',
]
Path("stall/Dockerfile").write_text("\n".join(lines))
client.images.build(path="stall", tag="stall:latest")
