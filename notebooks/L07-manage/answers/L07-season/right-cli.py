crew, last = parameter("crew"), parameter("last")
end_of_season(client, crew)
%docker rm -f stand-1 stand-2
%docker volume rm drafts
!docker run -d --name stand-3 --label crew={crew} -v ledger:/data corner-shop
next(client.containers.get("stand-3").logs(stream=True))
!docker exec stand-3 wget -qO- http://127.0.0.1:7080/sell/{last}
