FROM course/busybox
WORKDIR /srv
RUN mkdir ledger && chown app ledger
USER app
CMD ["echo", "sold: tea"]
