FROM course/python
WORKDIR /srv
COPY . .
USER app
CMD ["node", "front.js"]
