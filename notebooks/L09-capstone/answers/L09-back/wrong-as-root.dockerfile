FROM course/python
WORKDIR /srv
COPY back.py .
CMD ["python3", "back.py"]
