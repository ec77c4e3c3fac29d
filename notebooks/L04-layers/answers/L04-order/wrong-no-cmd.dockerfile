FROM course/busybox
WORKDIR /srv
COPY packages.txt install.sh ./
RUN sh install.sh
COPY orders.sh .
