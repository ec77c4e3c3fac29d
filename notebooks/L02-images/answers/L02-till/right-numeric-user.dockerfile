FROM course/busybox
COPY --chown=1000:1000 till.sh /srv/
RUN mkdir -m 777 /srv/ledger
USER 1000:1000
ENTRYPOINT ["/bin/sh", "/srv/till.sh"]
