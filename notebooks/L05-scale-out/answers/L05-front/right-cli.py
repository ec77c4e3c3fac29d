%docker network create town
%docker run -d --name web-a --network town ada-shop
%docker run -d --name web-b --network town ada-shop
%docker run -d --name balancer --network town -p 8080 -e SERVERS=web-a:7080,web-b:7080 ada-balancer
