FROM course/node
WORKDIR /srv
EXPOSE 7080
USER app
CMD ["node", "server.js"]
