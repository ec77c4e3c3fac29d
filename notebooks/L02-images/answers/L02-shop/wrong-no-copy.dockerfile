FROM course/python
WORKDIR /srv
CMD ["python3", "shop.py"]
