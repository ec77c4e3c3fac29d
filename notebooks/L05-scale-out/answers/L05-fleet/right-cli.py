goods = parameter("goods")
for number in [1, 2, 3]:
    !docker run -d --name web-{number} -p 7080 -e "GOODS={goods}" ada-shop
%docker kill web-2
pages = []
for number in [1, 3]:
    address = !docker port web-{number} 7080
    pages.append(visit(address[0].rpartition(":")[2]))
