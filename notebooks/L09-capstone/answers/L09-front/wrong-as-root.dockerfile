FROM course/node
WORKDIR /srv
COPY . .
CMD ["node", "front.js"]
