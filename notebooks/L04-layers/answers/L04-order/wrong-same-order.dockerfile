FROM course/busybox
WORKDIR /srv
COPY . .
RUN sh install.sh
CMD ["sh", "orders.sh"]
