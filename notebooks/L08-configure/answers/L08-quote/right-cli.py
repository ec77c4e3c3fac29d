money = parameter("money")
pathlib.Path("quote/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY quote.py .
ENV MONEY={money}
ENTRYPOINT ["python3", "quote.py"]
CMD ["tea"]
""")
%docker build -t quote quote
