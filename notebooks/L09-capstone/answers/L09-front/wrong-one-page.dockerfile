FROM course/node
WORKDIR /srv
COPY front.js .
COPY pages/welcome.txt pages/
USER app
CMD ["node", "front.js"]
