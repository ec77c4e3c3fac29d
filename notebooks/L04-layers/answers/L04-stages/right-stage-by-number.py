seal = parameter("seal")
Path("page/Dockerfile").write_text(f"""
FROM course/python
COPY render.py /tmp/
RUN cd /tmp && python3 render.py {seal}
FROM course/busybox
COPY --from=0 /tmp/index.html /srv/index.html
ENTRYPOINT ["cat", "/srv/index.html"]
""")
client.images.build(path="page", tag="page")
