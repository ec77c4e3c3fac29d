FROM course/python
WORKDIR /srv
COPY make.sh .
RUN sh make.sh && rm -r drafts
CMD ["cat", "catalog.txt"]
