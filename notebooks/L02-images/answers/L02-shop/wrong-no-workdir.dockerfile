FROM course/python
COPY shop.py /srv/
CMD ["python3", "shop.py"]
