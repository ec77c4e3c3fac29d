FROM course/busybox
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger
USER app
CMD ["sh", "till.sh"]
