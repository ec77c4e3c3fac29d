FROM course/busybox
WORKDIR /srv
COPY till.sh .
USER app
USER root
RUN mkdir ledger
CMD ["sh", "till.sh"]
