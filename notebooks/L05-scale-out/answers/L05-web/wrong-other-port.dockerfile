FROM course/node
WORKDIR /srv
COPY server.js .
EXPOSE 8080
USER app
CMD ["node", "server.js"]
