FROM course/python
WORKDIR /srv
USER app
COPY back.py .
RUN mkdir orders
CMD ["python3", "back.py"]
