FROM course/python
ENV ORDERS=/data
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
COPY back.py /
ENTRYPOINT ["python3", "-u", "/back.py"]
