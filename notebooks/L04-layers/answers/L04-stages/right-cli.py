seal = parameter("seal")
Path("page/Dockerfile").write_text(f"""
FROM course/python AS maker
WORKDIR /srv
COPY render.py .
RUN python3 render.py {seal}
FROM course/busybox:latest
WORKDIR /srv
COPY --from=maker /srv/index.html .
CMD ["cat", "index.html"]
""")
%docker build -t page page
