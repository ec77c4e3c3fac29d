FROM course/node
WORKDIR /srv
COPY . .
USER app
CMD ["env", "SIGN=The Old Quay", "node", "front.js"]
