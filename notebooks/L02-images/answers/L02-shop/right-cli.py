Path("shop/Dockerfile").write_text("""FROM course/python
WORKDIR /srv
COPY shop.py .
CMD ["python3", "shop.py"]
""")
%docker build -t shop shop
