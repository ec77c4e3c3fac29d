Path("stall/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY shop.py .
ENV GOODS="fish, nets"
EXPOSE 8000
LABEL seal="{seal}"
""")
client.images.build(path="stall", tag="stall")
