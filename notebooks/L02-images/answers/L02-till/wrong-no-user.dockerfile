FROM course/busybox
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger
CMD ["sh", "till.sh"]
