FROM course/busybox
WORKDIR /srv
COPY make.sh .
RUN sh make.sh
CMD ["cat", "catalog.txt"]
