FROM course/node
ENV SIGN="A shop"
USER app
WORKDIR /home/app/front
COPY . /home/app/front/
ENTRYPOINT ["node"]
CMD ["front.js"]
