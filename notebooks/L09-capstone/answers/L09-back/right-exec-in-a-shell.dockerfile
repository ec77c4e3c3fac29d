FROM course/python
COPY . /opt/shop/
WORKDIR /tmp
USER app
CMD ["sh", "-c", "echo good morning && exec python3 /opt/shop/back.py"]
