%docker create --name shop course/python python3 /srv/shop.py
%docker cp shop.py shop:/srv/shop.py
%docker start shop
