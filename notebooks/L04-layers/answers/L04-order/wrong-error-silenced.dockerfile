FROM course/busybox
WORKDIR /srv
COPY install.sh .
RUN sh install.sh || true
COPY . .
CMD ["sh", "orders.sh"]
