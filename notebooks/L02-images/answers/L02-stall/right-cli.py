Path("stall/Dockerfile").write_text(f"""
FROM course/python
WORKDIR /srv
COPY shop.py .
ENV GOODS="fish, nets"
EXPOSE 8000
LABEL seal="{seal}"
CMD ["python3", "shop.py"]
""")
%docker build -t stall stall
