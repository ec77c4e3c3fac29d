FROM course/busybox
WORKDIR /srv
COPY packages.txt /srv/
COPY install.sh /srv/
RUN sh install.sh && rm install.sh
COPY . /srv/
ENTRYPOINT ["sh", "/srv/orders.sh"]
