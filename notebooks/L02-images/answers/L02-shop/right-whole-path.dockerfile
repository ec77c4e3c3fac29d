FROM course/python
COPY . /srv
CMD ["python", "/srv/shop.py"]
