FROM course/python
WORKDIR /srv
COPY back.py .
RUN mkdir orders && chown app orders
USER app
CMD ["sh", "-c", "echo open; python3 back.py; echo closed"]
