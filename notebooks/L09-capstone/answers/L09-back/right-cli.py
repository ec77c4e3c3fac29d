from pathlib import Path

Path("shop-back/Dockerfile").write_text("""FROM course/python
WORKDIR /srv
COPY back.py .
RUN mkdir orders && chown app orders
USER app
CMD ["python3", "back.py"]
""")
%docker build -t shop-back shop-back
