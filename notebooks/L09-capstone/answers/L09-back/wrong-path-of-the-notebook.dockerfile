FROM course/python
WORKDIR /srv
COPY shop-back/back.py .
RUN mkdir orders && chown app orders
USER app
CMD ["python3", "back.py"]
