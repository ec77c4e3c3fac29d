client.images.get("prices:2").tag("prices", tag="latest")
socket = tom.api.get_adapter(tom.api.base_url).socket_path
[mistaken] = !docker images -q --no-trunc prices:latest
%docker tag prices:1 prices:latest
%docker save -o prices.tar prices:latest
!docker -H unix://{socket} load -i prices.tar
