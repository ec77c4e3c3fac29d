FROM course/python
WORKDIR /srv
RUN mkdir orders && chown app orders
USER app
CMD ["python3", "back.py"]
