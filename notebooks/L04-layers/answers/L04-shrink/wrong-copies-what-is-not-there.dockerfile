FROM course/busybox
WORKDIR /srv
COPY catalog.txt .
CMD ["cat", "catalog.txt"]
