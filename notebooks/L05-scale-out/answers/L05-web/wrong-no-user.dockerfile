FROM course/node
WORKDIR /srv
COPY server.js .
EXPOSE 7080
CMD ["node", "server.js"]
