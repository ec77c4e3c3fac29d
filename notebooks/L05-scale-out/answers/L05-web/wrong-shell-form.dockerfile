FROM course/node
WORKDIR /srv
COPY server.js .
EXPOSE 7080
USER app
CMD node server.js
