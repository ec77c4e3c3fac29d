FROM course/python
WORKDIR /srv
COPY back.py .
RUN mkdir orders
USER app
CMD ["python3", "back.py"]
