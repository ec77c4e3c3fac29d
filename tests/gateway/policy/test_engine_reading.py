"""The model of the engine's reading agrees with the engines themselves; so what the model calls harmless is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import docker
import pytest
from engine_reading import harm, read
from own_names import BASE, SID

from course.gateway.policy import translate

# Bodies that a reader of JSON and the engine may read differently; the image is always course/busybox.
ODD = {
    "plain": '{"Image":"course/busybox","HostConfig":{"Memory":16777216}}',
    "other case": '{"image":"course/busybox","HOSTCONFIG":{"memory":16777216,"BINDS":["/tmp:/h"]}}',
    "long s": '{"Image":"course/busybox","Ho\u017ftConfig":{"Bind\u017f":["/tmp:/h"],"PidMode":"host"}}',
    "kelvin": '{"Image":"course/busybox","HostConfig":{"Networ\u212aMode":"none"}}',
    "objects merge": '{"Image":"course/busybox","HostConfig":{"PidMode":"host"},"HostConfig":{"Memory":16777216}}',
    "merge across cases": '{"Image":"course/busybox","HostConfig":{"PidMode":"host"},"hostconfig":{"Memory":16777216}}',
    "scalars, last wins": '{"Image":"course/busybox","HostConfig":{"PidMode":"host","pidMODE":""}}',
    "null resets a pointer": '{"Image":"course/busybox","HostConfig":{"PidMode":"host"},"HostConfig":null}',
    "null before": '{"Image":"course/busybox","HostConfig":null,"hostCONFIG":{"PidMode":"host"}}',
    "top level": '{"Image":"course/busybox","PidMode":"host","Binds":["/tmp:/h"],"NetworkMode":"none"}',
    "top level beside null": '{"Image":"course/busybox","PidMode":"host","HostConfig":null}',
    "top level is ignored": '{"Image":"course/busybox","PidMode":"host","HostConfig":{"Memory":16777216}}',
    "top level fills memory": '{"Image":"course/busybox","Memory":16777216,"HostConfig":{"NetworkMode":"none"}}',
    "unmasked": '{"Image":"course/busybox","HostConfig":{"MaskedPaths":[]}}',
    "masked by null": '{"Image":"course/busybox","HostConfig":{"MaskedPaths":null}}',
    "last option wins": '{"Image":"course/busybox","HostConfig":{"SecurityOpt":["no-new-privileges:true"],'
    '"SecurityOpt":["no-new-privileges:false"]}}',
    "maps merge": '{"Image":"course/busybox","Labels":{"a":"1","b":"2"},"labels":{"a":"3"}}',
    "a command as a string": '{"Image":"course/busybox","Cmd":"true"}',
}
COMPARED = ("PidMode", "Binds", "Memory", "NetworkMode", "SecurityOpt", "Privileged", "UTSMode")


@pytest.fixture(scope="module")
def client(each_engine_url: str) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=each_engine_url, version="auto", timeout=60)) as connected:
        yield connected


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
def test_the_model_reads_as_the_engine_does(raw: str, client: docker.DockerClient):
    answer = client.api.post(
        f"{client.api.base_url}/v{client.api._version}/containers/create",
        data=raw.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    container = client.containers.get(answer.json()["Id"])
    try:
        older = tuple(map(int, client.version()["ApiVersion"].split("."))) < (1, 47)  # than engine 27
        seen, model = container.attrs, read(raw.encode(), top_level=older)
        expected = {name: model["host"].get(name) or None for name in COMPARED}
        expected["NetworkMode"] = expected["NetworkMode"] or seen["HostConfig"]["NetworkMode"]  # the engine's default
        shown = {name: seen["HostConfig"].get(name) or None for name in COMPARED}
        if shown["SecurityOpt"] == ["label=disable"]:  # the engine adds it to the host's PID namespace
            shown["SecurityOpt"] = None
        assert shown == expected
        assert (seen["HostConfig"]["MaskedPaths"] == []) == (model["host"].get("MaskedPaths") == [])
        own = {key: value for key, value in seen["Config"]["Labels"].items() if not key.startswith("org.slipway.")}
        assert own == (model["config"].get("Labels") or {})
        if "Cmd" in model["config"]:
            assert seen["Config"]["Cmd"] == model["config"]["Cmd"]
    finally:
        container.remove(force=True)


def test_the_engine_reads_our_own_request_as_the_model_does(client: docker.DockerClient, create: Any, names: Any):
    """What the gateway builds is taken by the engine as it stands, and what it shows afterwards is harmless."""
    names.cgroup = ""
    image = client.images.get("course/busybox")
    body = create(
        {
            "Image": "course/busybox",
            "Cmd": ["sleep", "60"],
            "Env": ["A=1"],
            "ExposedPorts": {"80/tcp": {}},
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000},
            "HostConfig": {
                "NetworkMode": "none",
                "CapDrop": ["CHOWN"],
                "SecurityOpt": ["no-new-privileges:false"],
                "RestartPolicy": {"Name": "always"},
                "Tmpfs": {"/t": "size=20g,suid,mode=1777"},
                "Mounts": [{"Type": "tmpfs", "Target": "/m", "TmpfsOptions": {"SizeBytes": 1 << 40, "Mode": 0o1777}}],
                "Ulimits": [{"Name": "nofile", "Soft": 64, "Hard": 128}],
                "Init": True,
            },
        }
    ).body
    body["Image"] = image.id
    created = client.api._post_json(client.api._url("/containers/create"), data=body)
    assert created.status_code == 201, created.text
    container = client.containers.get(created.json()["Id"])
    try:
        container.start()
        host = container.attrs["HostConfig"]
        effective = read(json.dumps(body).encode())
        assert {name: host[name] for name in COMPARED if effective["host"].get(name)} == {
            name: effective["host"][name] for name in COMPARED if effective["host"].get(name)
        }
        effective["host"] |= {"CgroupParent": SID}
        effective["config"] |= {"Image": BASE}
        assert harm(effective, sid=SID, networks=set(), containers=set()) == []
        assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
        code, output = container.exec_run(
            ["sh", "-c", "grep NoNewPrivs /proc/self/status; ulimit -n; grep '/t tmpfs' /proc/mounts"]
        )
        assert code == 0, output
        assert b"NoNewPrivs:\t1" in output and b"nosuid,nodev" in output and b"\n64\n" in output
    finally:
        container.remove(force=True, v=True)


def test_containers_of_one_network_find_each_other_by_the_learners_name(
    client: docker.DockerClient, create: Any, names: Any
):
    """The engine knows a container as sw-…--shop; on its network, given by id, `shop` and its aliases resolve."""
    names.cgroup = ""
    image = client.images.get("course/busybox")
    network = client.networks.create(f"sw-{SID}--net1", driver="bridge", internal=True, check_duplicate=True)
    started = []
    try:
        names.networks = {network.id: "net1"}
        for name, aliases in (("shop", ["till"]), ("guest", [])):
            endpoint = {"EndpointsConfig": {"net1": {"Aliases": aliases}}}
            body = {
                "Image": "course/busybox",
                "Cmd": ["sleep", "60"],
                "HostConfig": {"NetworkMode": "net1"},
                "NetworkingConfig": endpoint,
            }
            request = create(body, name=name)
            answer = client.api._post_json(
                client.api._url("/containers/create"),
                data={**request.body, "Image": image.id},
                params=dict(request.query),
            )
            assert answer.status_code == 201, answer.text
            started.append(client.containers.get(answer.json()["Id"]))
            started[-1].start()
        for word in ("shop", "till"):
            code, output = started[1].exec_run(["nslookup", word])
            assert code == 0, output
        shown = translate.container_inspect(client.api.inspect_container(started[0].id), names)
        assert shown["HostConfig"]["NetworkMode"] == "net1"
        assert list(shown["NetworkSettings"]["Networks"]) == ["net1"]
        aliases = shown["NetworkSettings"]["Networks"]["net1"]["Aliases"]
        assert "till" in aliases and f"sw-{SID}" not in json.dumps(shown["NetworkSettings"])
    finally:
        for container in started:
            container.remove(force=True)
        network.remove()
