FROM course/node
WORKDIR /srv
COPY front.js .
USER app
CMD ["node", "front.js"]
