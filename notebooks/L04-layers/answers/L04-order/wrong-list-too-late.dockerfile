FROM course/busybox
WORKDIR /srv
COPY install.sh .
RUN sh install.sh
COPY packages.txt orders.sh ./
CMD ["sh", "orders.sh"]
