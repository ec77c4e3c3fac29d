FROM course/python AS plan
RUN mkdir -p /plan/orders
COPY back.py /plan/

FROM course/python
COPY --from=plan --chown=app /plan /shop
USER app
WORKDIR /shop
EXPOSE 5000
CMD ["python3", "back.py"]
