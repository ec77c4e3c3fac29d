Path("till/Dockerfile").write_text("""FROM course/busybox:latest
WORKDIR /srv
COPY till.sh .
RUN mkdir ledger && chown app ledger
USER app
CMD ["sh", "till.sh"]
""")
%docker build -t till till
