FROM course/python
WORKDIR /srv
COPY shop/shop.py .
CMD ["python3", "shop.py"]
