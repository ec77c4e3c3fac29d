FROM course/busybox
WORKDIR /srv
COPY packages.txt install.sh ./
RUN sh install.sh
CMD ["echo", "3 orders today"]
