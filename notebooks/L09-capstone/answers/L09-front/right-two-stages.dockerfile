FROM course/busybox AS parts
COPY . /parts/

FROM course/node
COPY --from=parts /parts /parts
USER nobody
CMD ["sh", "-c", "exec node /parts/front.js"]
