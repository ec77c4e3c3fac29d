seal = parameter("seal")
Path("page/Dockerfile").write_text(f"""
FROM course/python AS maker
WORKDIR /srv
COPY render.py .
RUN python3 render.py WORD
FROM course/busybox
WORKDIR /srv
COPY --from=maker /srv/index.html .
CMD ["cat", "index.html"]
""")
client.images.build(path="page", tag="page")
