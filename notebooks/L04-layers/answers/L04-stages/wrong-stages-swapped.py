seal = parameter("seal")
Path("page/Dockerfile").write_text(f"""
FROM course/busybox AS shower
FROM course/python
WORKDIR /srv
COPY render.py .
RUN python3 render.py {seal} && rm render.py
CMD ["cat", "index.html"]
""")
client.images.build(path="page", tag="page")
