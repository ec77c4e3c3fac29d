Path("stall/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY shop.py .
ENV GOODS="fish, nets"
EXPOSE 8000
LABEL seal="your word"
CMD ["python3", "shop.py"]
""")
client.images.build(path="stall", tag="stall")
