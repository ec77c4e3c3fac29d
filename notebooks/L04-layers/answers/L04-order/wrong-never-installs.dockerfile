FROM course/busybox
WORKDIR /srv
COPY packages.txt install.sh ./
COPY orders.sh .
CMD ["sh", "orders.sh"]
