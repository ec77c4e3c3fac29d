FROM course/python
WORKDIR /srv
COPY shop.py .
CMD python3 shop.py
