Path("orders/Dockerfile").write_text("""FROM course/busybox:latest
WORKDIR /srv
COPY packages.txt install.sh ./
RUN sh ./install.sh
COPY orders.sh .
CMD ["sh", "orders.sh"]
""")
%docker build -t orders orders
