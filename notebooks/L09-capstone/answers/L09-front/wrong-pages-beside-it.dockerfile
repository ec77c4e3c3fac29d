FROM course/node
WORKDIR /srv
COPY front.js pages ./
USER app
CMD ["node", "front.js"]
