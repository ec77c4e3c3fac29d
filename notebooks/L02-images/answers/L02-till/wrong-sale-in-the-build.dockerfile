FROM course/busybox
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger && sh till.sh && chown -R app ledger
USER app
CMD ["sh", "till.sh"]
