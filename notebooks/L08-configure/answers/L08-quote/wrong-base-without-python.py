money = parameter("money")
pathlib.Path("quote/Dockerfile").write_text(f"""
FROM course/busybox
WORKDIR /srv
COPY quote.py .
ENV MONEY={money}
ENTRYPOINT ["python3", "quote.py"]
CMD ["tea"]
""")
client.images.build(path="quote", tag="quote")
