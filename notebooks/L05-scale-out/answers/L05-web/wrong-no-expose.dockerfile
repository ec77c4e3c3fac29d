FROM course/node
WORKDIR /srv
COPY server.js .
USER app
CMD ["node", "server.js"]
