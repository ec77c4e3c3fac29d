FROM course/python
WORKDIR /app
COPY shop.py .
CMD ["python3", "shop.py"]
