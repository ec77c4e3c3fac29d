FROM course/busybox
WORKDIR /srv
COPY make.sh .
RUN sh make.sh
RUN rm -r drafts
CMD ["cat", "catalog.txt"]
