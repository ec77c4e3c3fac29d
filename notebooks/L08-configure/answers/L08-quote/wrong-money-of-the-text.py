money = parameter("money")
pathlib.Path("quote/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY quote.py .
ENV MONEY=buttons
ENTRYPOINT ["python3", "quote.py"]
CMD ["tea"]
""")
client.images.build(path="quote", tag="quote")
