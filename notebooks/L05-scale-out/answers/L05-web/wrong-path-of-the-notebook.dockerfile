FROM course/node
WORKDIR /srv
COPY web/server.js .
EXPOSE 7080
USER app
CMD ["node", "server.js"]
