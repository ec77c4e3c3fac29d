crew = parameter("crew")
!docker run -d --name kiosk --label crew={crew} --restart on-failure:3 --health-cmd "wget -qO- http://127.0.0.1:7080/health" --health-interval 1s corner-shop
next(client.containers.get("kiosk").logs(stream=True))
%docker exec kiosk wget -qO- http://127.0.0.1:7080/fault
