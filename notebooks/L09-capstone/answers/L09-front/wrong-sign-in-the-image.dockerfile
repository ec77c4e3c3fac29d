FROM course/node
WORKDIR /srv
COPY . .
RUN sed -i "s/SIGN/The Old Quay/" pages/welcome.txt
USER app
CMD ["node", "front.js"]
