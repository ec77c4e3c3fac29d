money = parameter("money")
pathlib.Path("quote/Dockerfile").write_text(f"""
FROM course/python:latest
ENV MONEY="{money}"
ENTRYPOINT ["/usr/bin/python3", "/quote.py"]
CMD ["tea"]
COPY quote.py /quote.py
""")
client.images.build(path="quote", tag="quote:latest")
