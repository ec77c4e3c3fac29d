FROM course/node
COPY front.js /
COPY pages /pages
USER 1000
EXPOSE 8080
CMD ["node", "/front.js"]
