FROM course/busybox
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger && chown 1000 ledger
USER mara
CMD ["sh", "till.sh"]
