FROM course/python
WORKDIR /srv
COPY back.py .
USER app
CMD ["python3", "back.py"]
