money = parameter("money")
pathlib.Path("quote/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY quote.py .
ENV MONEY={money}
CMD ["python3", "quote.py", "tea"]
""")
client.images.build(path="quote", tag="quote")
