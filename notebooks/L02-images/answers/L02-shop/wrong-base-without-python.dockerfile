FROM course/busybox
WORKDIR /srv
COPY shop.py .
CMD ["python3", "shop.py"]
