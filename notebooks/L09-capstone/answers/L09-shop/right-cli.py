sign, goods = parameter("sign"), parameter("order")
%docker network create market
%docker volume create orders
%docker run -d --name back --network market -v orders:/orders ada-back
!docker run -d --name front --network market -p 8080 -e "SIGN={sign}" ada-front
print(visit(client.containers.get("front"), 8080, f"/order?what={goods}"))
%docker rm -f back
%docker run -d --name back --network market -v orders:/orders ada-back
