season = parameter("season")
socket = tom.api.get_adapter(tom.api.base_url).socket_path
registry = client.containers.run("course/registry", name="registry", ports={"5000/tcp": None}, detach=True)
ready = next(line for line in registry.logs(stream=True) if b"listening" in line)
!docker tag prices:1 localhost:5000/prices:{season}
!docker push localhost:5000/prices:{season}
!docker -H unix://{socket} pull localhost:5000/prices:{season}
!docker -H unix://{socket} run --name board localhost:5000/prices:{season}
