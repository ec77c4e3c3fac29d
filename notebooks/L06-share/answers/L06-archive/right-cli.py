socket = tom.api.get_adapter(tom.api.base_url).socket_path
%docker save -o prices.tar prices:1
!docker -H unix://{socket} load -i prices.tar
!docker -H unix://{socket} run --name list prices:1
