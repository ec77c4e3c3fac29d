FROM course/python
WORKDIR /srv
COPY back.py .
RUN mkdir orders && chown app orders
USER app
