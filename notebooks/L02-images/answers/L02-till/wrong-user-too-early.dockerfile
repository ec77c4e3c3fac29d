FROM course/busybox
USER app
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger
CMD ["sh", "till.sh"]
