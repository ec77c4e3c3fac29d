FROM course/node
USER 1000
COPY . /app/
EXPOSE 7080/tcp
CMD ["/usr/bin/node", "/app/server.js"]
