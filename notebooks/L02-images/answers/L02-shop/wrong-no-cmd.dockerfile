FROM course/python
WORKDIR /srv
COPY shop.py .
