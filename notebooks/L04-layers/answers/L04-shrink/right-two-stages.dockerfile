FROM course/busybox AS maker
COPY make.sh /work/
WORKDIR /work
RUN sh make.sh
FROM course/busybox
COPY --from=maker /work/catalog.txt /srv/
CMD ["cat", "/srv/catalog.txt"]
