Path("stall/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY shop.py .
ENV GOODS="fish, nets" seal="{seal}"
EXPOSE 8000
CMD ["python3", "shop.py"]
""")
client.images.build(path="stall", tag="stall")
