town = parameter("town")
!docker run -d --name bakery-2 -p 7080 -e NAME=bakery -e "TOWN={town}" town-shop
!docker run -d --name quay-2 -p 7080 -e NAME=quay -e "TOWN={town}" town-shop
!docker run -d --name mill-2 -p 7080 -e NAME=mill -e "TOWN={town}" town-shop --sign "fine flour"
!docker run -d --name tower-2 -p 9090 -e NAME=tower -e "TOWN={town}" -e PORT=9090 town-shop
causes = {"bakery": "variable", "quay": "address", "mill": "command", "tower": "port"}
