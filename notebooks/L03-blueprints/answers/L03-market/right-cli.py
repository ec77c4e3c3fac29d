[image_id] = !docker inspect --format '{{{{.Image}}}}' market
changes = !docker diff market
[added] = [line.split()[1] for line in changes if line.startswith("A")]
%docker start market
!docker cp market:{added} price.txt
%docker cp price.txt market-2:/srv/price.txt
