FROM course/node
WORKDIR /srv
COPY . .
USER app
CMD ["sh", "-c", "node front.js; echo closed"]
