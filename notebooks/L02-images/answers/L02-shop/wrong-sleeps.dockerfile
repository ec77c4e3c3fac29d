FROM course/python
WORKDIR /srv
COPY shop.py .
CMD ["sleep", "600"]
