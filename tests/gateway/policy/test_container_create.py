"""Container create: what is refused, and its legitimate twin; what is forced; what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from engine_reading import harm, read
from own_names import BASE, DB, DEFAULT_NET, SHOP_NET, SID, WEB, OwnNames

from course.gateway.policy.container_limits import log
from course.gateway.policy.limits import CLASS, GRADING, MIB
from course.gateway.policy.refusal import Refusal

VICTIM = "f" * 64
PLAIN = {"Image": "course/busybox", "Cmd": ["true"]}


def host(**fields: Any) -> dict[str, Any]:
    return {**PLAIN, "HostConfig": fields}


def endpoint(**fields: Any) -> dict[str, Any]:
    return {**PLAIN, "NetworkingConfig": {"EndpointsConfig": {"net1": fields}}}


def assert_harmless(body: dict[str, Any], names: OwnNames) -> None:
    effective = read(json.dumps(body).encode())
    assert harm(effective, sid=SID, networks=set(names.networks), containers=set(names.containers)) == []


# (what, refused body, status, legitimate twin or None)
REFUSED: list[tuple[str, dict[str, Any], int, dict[str, Any] | None]] = [
    ("bind of the root", host(Binds=["/:/h"]), 403, host(Binds=["data:/h"])),
    ("bind of a relative folder", host(Binds=["./x:/h"]), 403, host(Binds=["data:/h:ro"])),
    ("bind with propagation", host(Binds=["data:/h:shared"]), 400, host(Binds=["data:/h:rw"])),
    ("privileged", host(Privileged=True), 403, host(Privileged=False)),
    ("top-level HostConfig", {**PLAIN, "Privileged": True, "HostConfig": None}, 403, {**PLAIN, "HostConfig": None}),
    ("top-level binds", {**PLAIN, "Binds": ["/:/h"]}, 403, {**PLAIN, "Binds": None}),
    ("top-level network", {**PLAIN, "NetworkMode": "host"}, 403, {**PLAIN, "NetworkMode": ""}),
    ("top-level memory", {**PLAIN, "Memory": 1 << 40}, 403, {**PLAIN, "Memory": 0}),
    ("long s", {**PLAIN, "Ho\u017ftConfig": {"Bind\u017f": ["/:/h"]}}, 400, None),
    ("kelvin sign", host(**{"Ma\u017f\u212aedPaths": []}), 400, host(**{"Ma\u017f\u212aedPaths": None})),
    ("other case", host(privileged=True), 400, None),
    ("other case in a mount", host(Mounts=[{"type": "bind", "SOURCE": "/", "target": "/x"}]), 400, None),
    ("bind mount", host(Mounts=[{"Type": "bind", "Source": "/", "Target": "/x"}]), 403,
     host(Mounts=[{"Type": "volume", "Source": "data", "Target": "/x"}])),
    ("image mount", host(Mounts=[{"Type": "image", "Source": "shop:1", "Target": "/x"}]), 403, None),
    ("volume driver of a mount",
     host(Mounts=[{"Type": "volume", "Source": "d1", "Target": "/x",
                   "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"o": "bind"}}}}]), 403,
     host(Mounts=[{"Type": "volume", "Source": "d1", "Target": "/x", "VolumeOptions": {"DriverConfig": {}}}])),
    ("subpath", host(Mounts=[{"Type": "volume", "Source": "d1", "Target": "/x",
                              "VolumeOptions": {"Subpath": "../.."}}]), 403, None),
    ("mount over the root", host(Mounts=[{"Type": "tmpfs", "Target": "/"}]), 400,
     host(Mounts=[{"Type": "tmpfs", "Target": "/t"}])),
    ("added capability", host(CapAdd=["SYS_ADMIN"]), 403, host(CapAdd=[])),
    ("device", host(Devices=[{"PathOnHost": "/dev/vda"}]), 403, host(Devices=[])),
    ("device request", host(DeviceRequests=[{"Driver": "nvidia", "Count": -1}]), 403, host(DeviceRequests=None)),
    ("device rule", host(DeviceCgroupRules=["a *:* rwm"]), 403, host(DeviceCgroupRules=None)),
    ("host network", host(NetworkMode="host"), 403, host(NetworkMode="bridge")),
    ("foreign network", host(NetworkMode="victim"), 404, host(NetworkMode="net1")),
    ("network by path", host(NetworkMode="ns:/proc/1/ns/net"), 404, host(NetworkMode="none")),
    ("network of a foreign container", host(NetworkMode=f"container:{VICTIM}"), 404,
     host(NetworkMode="container:web")),
    ("host pid", host(PidMode="host"), 403, host(PidMode="")),
    ("foreign pid", host(PidMode="container:victim"), 404, host(PidMode="container:web")),
    ("host ipc", host(IpcMode="host"), 403, host(IpcMode="private")),
    ("shareable ipc", host(IpcMode="shareable"), 403, host(IpcMode="")),
    ("foreign ipc", host(IpcMode="container:victim"), 404, None),
    ("host uts", host(UTSMode="host"), 403, host(UTSMode="")),
    ("host user", host(UsernsMode="host"), 403, host(UsernsMode="")),
    ("host cgroup namespace", host(CgroupnsMode="host"), 403, host(CgroupnsMode="private")),
    ("cgroup of another", host(Cgroup="container:victim"), 403, host(Cgroup="")),
    ("cgroup parent", host(CgroupParent="/"), 403, host(CgroupParent="")),
    ("volumes from another", host(VolumesFrom=["victim"]), 404, host(VolumesFrom=["web:ro"])),
    ("links", host(Links=["victim:start"]), 403, host(Links=None)),
    ("seccomp", host(SecurityOpt=["seccomp=unconfined"]), 403, host(SecurityOpt=["no-new-privileges"])),
    ("apparmor", host(SecurityOpt=["apparmor:unconfined"]), 403, host(SecurityOpt=None)),
    ("system paths", host(SecurityOpt=["systempaths=unconfined"]), 403, host(SecurityOpt=[])),
    ("unmasked paths", host(MaskedPaths=[]), 403, host(MaskedPaths=None)),
    ("writable paths", host(ReadonlyPaths=[]), 403, host(ReadonlyPaths=None)),
    ("sysctls", host(Sysctls={"net.ipv4.ip_forward": "1"}), 403, host(Sysctls={})),
    ("runtime", host(Runtime="io.containerd.runc.v2"), 403, host(Runtime="")),
    ("annotations", host(Annotations={"a": "b"}), 403, host(Annotations=None)),
    ("storage", host(StorageOpt={"size": "9g"}), 403, host(StorageOpt=None)),
    ("groups", host(GroupAdd=["0"]), 403, host(GroupAdd=None)),
    ("host name entry", host(ExtraHosts=["h:host-gateway"]), 403, host(ExtraHosts=None)),
    ("name server", host(Dns=["8.8.8.8"]), 403, host(Dns=[])),
    ("no OOM kill", host(OomKillDisable=True), 403, host(OomKillDisable=False)),
    ("OOM score", host(OomScoreAdj=-1000), 403, host(OomScoreAdj=0)),
    ("swappiness", host(MemorySwappiness=60), 403, host(MemorySwappiness=-1)),
    ("block devices", host(BlkioDeviceReadBps=[{"Path": "/dev/vda", "Rate": 1}]), 403, host(BlkioDeviceReadBps=[])),
    ("realtime", host(CpuRealtimeRuntime=950000), 403, host(CpuRealtimeRuntime=0)),
    ("quota", host(CpuQuota=-1, CpuPeriod=100000), 403, host(CpuQuota=0, CpuPeriod=0)),
    ("id file", host(ContainerIDFile="/etc/cron.d/x"), 403, host(ContainerIDFile="")),
    ("volume driver", host(VolumeDriver="sshfs"), 403, host(VolumeDriver="local")),
    ("log driver", host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "tcp://10.0.0.1:1"}}), 403,
     host(LogConfig={"Type": "json-file", "Config": {"max-size": "9g"}})),
    ("log option", host(LogConfig={"Config": {"labels": "x"}}), 403, host(LogConfig={"Type": "", "Config": {}})),
    ("disk quota", host(DiskQuota=1), 403, host(DiskQuota=0)),
    ("a field of tomorrow", host(Tomorrow={"x": [0, {"y": 1}]}), 403, host(Tomorrow={"x": [0, {"y": 0}]})),
    ("a top field of tomorrow", {**PLAIN, "Tomorrow": "x"}, 403, {**PLAIN, "Tomorrow": ""}),
    ("fixed port", host(PortBindings={"80/tcp": [{"HostPort": "8080"}]}), 403,
     host(PortBindings={"80/tcp": [{"HostPort": "0"}]})),
    ("port range", host(PortBindings={"80/tcp": [{"HostPort": "8000-9000"}]}), 403,
     host(PortBindings={"80/tcp": None})),
    ("port 0", host(PortBindings={"0/tcp": [{}]}), 400, host(PortBindings={"80/udp": [{}]})),
    ("other network's id", endpoint(NetworkID=VICTIM), 403, endpoint(NetworkID="")),
    ("own address", endpoint(IPAMConfig={"IPv4Address": "10.0.0.9"}), 403, endpoint(IPAMConfig=None)),
    ("endpoint links", endpoint(Links=["victim:x"]), 403, endpoint(Links=None)),
    ("endpoint options", endpoint(DriverOpts={"a": "b"}), 403, endpoint(DriverOpts=None)),
    ("endpoint MAC", endpoint(MacAddress="02:42:ac:11:00:02"), 403, endpoint(MacAddress="")),
    ("endpoint on a foreign network", {**PLAIN, "NetworkingConfig": {"EndpointsConfig": {"victim": {}}}}, 404,
     {**PLAIN, "NetworkingConfig": {"EndpointsConfig": {"default": None}}}),
    ("endpoint on the host's network", {**PLAIN, "NetworkingConfig": {"EndpointsConfig": {"host": {}}}}, 403, None),
    ("MAC", {**PLAIN, "MacAddress": "02:42:ac:11:00:02"}, 403, {**PLAIN, "MacAddress": ""}),
    ("trigger", {**PLAIN, "OnBuild": ["COPY --from=victim / /"]}, 403, {**PLAIN, "OnBuild": None}),
    ("reserved label", {**PLAIN, "Labels": {"org.slipway.session": "x"}}, 403, {**PLAIN, "Labels": {"org.slip": "x"}}),
    ("reserved label, other case", {**PLAIN, "Labels": {"ORG.slipway.x": "x"}}, 403, {**PLAIN, "Labels": {"a": ""}}),
    ("NUL", {**PLAIN, "Env": ["A=\0"]}, 400, {**PLAIN, "Env": ["A=\n"]}),
    ("half a character", {**PLAIN, "Env": ["A=\ud800"]}, 400, {**PLAIN, "Env": ["A=\U0001f40b"]}),
    ("a number for a string", {**PLAIN, "User": 0}, 400, {**PLAIN, "User": "0"}),
    ("a word for a number", host(Memory="1g"), 400, host(Memory=1 << 30)),
    ("true for a number", host(Memory=True), 400, host(Memory=33554432)),
    ("no image", {"Cmd": ["true"]}, 400, PLAIN),
    ("foreign ulimit", host(Ulimits=[{"Name": "rtprio", "Soft": 99, "Hard": 99}]), 403,
     host(Ulimits=[{"Name": "nofile", "Soft": -1, "Hard": -1}])),
    ("tmpfs option", host(Tmpfs={"/t": "mpol=bind"}), 400, host(Tmpfs={"/t": "mode=1777,uid=5"})),
    ("volume at the root", {**PLAIN, "Volumes": {"/": {}}}, 400, {**PLAIN, "Volumes": {"/data": {}}}),
]  # fmt: skip


@pytest.mark.parametrize("what, body, status, twin", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_and_its_legitimate_twin(what, body, status, twin, create, names):
    with pytest.raises(Refusal) as refused:
        create(body)
    assert refused.value.status == status, refused.value.message
    assert refused.value.message
    if twin is not None:
        assert_harmless(create(twin).body, names)


RAW_REFUSED = {
    "duplicate objects": b'{"Image":"course/busybox","HostConfig":{"Init":true},"HostConfig":{"Memory":16777216}}',
    "duplicate with privileges": b'{"Image":"x","HostConfig":{"Privileged":true},"HostConfig":{"Memory":16777216}}',
    "null, then another case": b'{"Image":"course/busybox","HostConfig":null,"hostCONFIG":{"Privileged":true}}',
    "duplicate in a zero-valued unknown": b'{"Image":"course/busybox","X":{"a":0},"x":{"a":0}}',
    "two documents": b'{"Image":"course/busybox"}{"HostConfig":{"Privileged":true}}',
    "duplicate label": b'{"Image":"course/busybox","Labels":{"a":"1","a":"2"}}',
    "NaN": b'{"Image":"course/busybox","HostConfig":{"Memory":NaN}}',
    "not UTF-8": b'{"Image":"course/busybox","User":"\xff"}',
    "UTF-16": json.dumps(PLAIN).encode("utf-16"),
    "a list": b"[]",
    "deep": b'{"X":' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("raw", RAW_REFUSED.values(), ids=RAW_REFUSED)
def test_a_body_that_can_be_read_in_two_ways_is_refused(raw, create):
    with pytest.raises(Refusal) as refused:
        create(raw)
    assert refused.value.status in (400, 403)


def test_a_body_over_the_cap_is_too_large(create):
    with pytest.raises(Refusal) as refused:
        create({**PLAIN, "Env": ["A=" + "x" * 2_000_000]})
    assert refused.value.status == 413


DOCKER_PY = {
    "ExposedPorts": {"80/tcp": {}}, "Tty": False, "OpenStdin": False, "StdinOnce": False, "AttachStdin": False,
    "AttachStdout": False, "AttachStderr": False, "Env": ["A=1"], "Cmd": ["sleep", "5"], "Image": "course/busybox",
    "Volumes": {"/d": {}}, "NetworkDisabled": False,
    "HostConfig": {"Memory": 33554432, "NetworkMode": "net1", "Binds": ["data:/d:rw"],
                   "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}, "Tmpfs": {"/t": "size=1m"}},
    "NetworkingConfig": {"net1": None}, "Labels": {"l": "1"},
}  # fmt: skip
CLI = {
    "Hostname": "", "Image": "course/busybox", "Cmd": ["true"], "Labels": {},
    "HostConfig": {
        "Binds": None, "ContainerIDFile": "", "LogConfig": {"Type": "", "Config": {}}, "NetworkMode": "default",
        "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "VolumesFrom": None,
        "ConsoleSize": [43, 132], "CapAdd": None, "CgroupnsMode": "", "Dns": [], "ExtraHosts": None, "IpcMode": "",
        "Links": None, "OomScoreAdj": 0, "PidMode": "", "Privileged": False, "SecurityOpt": None, "Devices": [],
        "MemorySwappiness": -1, "OomKillDisable": False, "PidsLimit": 0, "Ulimits": [], "MaskedPaths": None,
        "ReadonlyPaths": None},
    "NetworkingConfig": {"EndpointsConfig": {"default": {"IPAMConfig": None, "Links": None, "Aliases": None,
                                                         "DriverOpts": None, "NetworkID": "", "MacAddress": ""}}},
}  # fmt: skip


@pytest.mark.parametrize("body", [DOCKER_PY, CLI, PLAIN], ids=["docker-py", "cli", "plain"])
def test_what_the_clients_send_passes_and_is_harmless(body, create, names):
    assert_harmless(create(body).body, names)


def test_the_limits_are_forced_on_the_plainest_body(create):
    body = create(PLAIN, name="web2").body
    assert body["HostConfig"] == {
        "Memory": 256 * MIB,
        "MemorySwap": 256 * MIB,
        "NanoCpus": 10**9,
        "PidsLimit": 128,
        "ShmSize": 64 * MIB,
        "Ulimits": [
            {"Name": "nofile", "Soft": 1024, "Hard": 1024},
            {"Name": "fsize", "Soft": 1 << 30, "Hard": 1 << 30},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "131072k", "max-file": "2"}},
        "NetworkMode": DEFAULT_NET,
        "SecurityOpt": ["no-new-privileges:true"],
        "CapDrop": ["MKNOD", "NET_RAW"],
        "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
        "AutoRemove": False,
        "ReadonlyRootfs": False,
        "CgroupParent": f"/slipway/{SID}",
        "CgroupnsMode": "private",
        "IpcMode": "private",
        "PortBindings": {},
    }
    assert body["NetworkingConfig"] == {"EndpointsConfig": {DEFAULT_NET: {"Aliases": []}}}  # it has no names
    assert body["Image"] == BASE
    assert body["Labels"]["org.slipway.image"] == "course/busybox"


def test_the_engine_name_carries_the_session(create):
    request = create(PLAIN, name="/web2")
    assert request.query == {"name": f"sw-{SID}--web2"} and request.parts == ("containers", "create")


@pytest.mark.parametrize(
    "asked, kept",
    [
        ({"Memory": 16 * MIB, "MemorySwap": -1}, {"Memory": 16 * MIB, "MemorySwap": 16 * MIB}),
        ({"Memory": 1 << 40}, {"Memory": 256 * MIB}),
        ({"Memory": 32 * MIB, "MemoryReservation": 64 * MIB}, {"MemoryReservation": 32 * MIB}),
        ({"NanoCpus": 5 * 10**8}, {"NanoCpus": 5 * 10**8}),
        ({"NanoCpus": 64 * 10**9}, {"NanoCpus": 10**9}),
        ({"PidsLimit": -1}, {"PidsLimit": 128}),
        ({"PidsLimit": 10}, {"PidsLimit": 10}),
        ({"ShmSize": 1 << 40}, {"ShmSize": 64 * MIB}),
        ({"CpuShares": 262144}, {"CpuShares": 1024}),
        ({"CpusetCpus": "0"}, {"CpusetCpus": "0"}),
        ({"RestartPolicy": {"Name": "always"}}, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
        (
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}},
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}},
        ),
        (
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 0}},
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
        ),
        (
            {"SecurityOpt": ["no-new-privileges:true", "no-new-privileges:false"]},
            {"SecurityOpt": ["no-new-privileges:true"]},
        ),
        ({"CapDrop": ["ALL"]}, {"CapDrop": ["ALL", "MKNOD", "NET_RAW"]}),
        ({"CapDrop": ["CAP_CHOWN"]}, {"CapDrop": ["CHOWN", "MKNOD", "NET_RAW"]}),
        ({"Tmpfs": {"/t": "size=20g,exec,suid,dev"}}, {"Tmpfs": {"/t": f"exec,nosuid,nodev,size={64 * MIB}"}}),
        ({"Tmpfs": {"/t": "size=1m,mode=4777"}}, {"Tmpfs": {"/t": f"mode=777,nosuid,nodev,size={MIB}"}}),
        ({"Tmpfs": {"/t": "size=50%"}}, {"Tmpfs": {"/t": f"nosuid,nodev,size={64 * MIB}"}}),
        (
            {"Mounts": [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1 << 40, "Mode": 0o4777}}]},
            {
                "Mounts": [
                    {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 64 * MIB, "Mode": 0o777}},
                ]
            },
        ),
        ({"AutoRemove": True, "Init": True, "ReadonlyRootfs": True}, {"AutoRemove": True, "ReadonlyRootfs": True}),
        ({"Binds": ["data:/var//lib/x:ro"]}, {"Binds": [f"sw-{SID}--data:/var/lib/x:ro"]}),
        ({"VolumesFrom": ["web"]}, {"VolumesFrom": [WEB]}),
        ({"NetworkMode": "container:db"}, {"NetworkMode": f"container:{DB}"}),
        ({"NetworkMode": SHOP_NET[:12]}, {"NetworkMode": SHOP_NET}),
        ({"PidMode": "container:web"}, {"PidMode": f"container:{WEB}"}),
        (
            {"PortBindings": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]}},
            {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}},
        ),
        (
            {"PortBindings": {"80": [{"HostIp": "localhost"}, {}]}},
            {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}] * 2}},
        ),
        (
            {"Ulimits": [{"Name": "nofile", "Soft": 64, "Hard": 128}, {"Name": "core", "Soft": -1, "Hard": -1}]},
            {
                "Ulimits": [
                    {"Name": "nofile", "Soft": 64, "Hard": 128},
                    {"Name": "fsize", "Soft": 1 << 30, "Hard": 1 << 30},
                    {"Name": "core", "Soft": 0, "Hard": 0},
                ]
            },
        ),
    ],
)
def test_kept_up_to_the_limit(asked, kept, create, names):
    body = create(host(**asked)).body
    assert {key: body["HostConfig"][key] for key in kept} == kept
    assert_harmless(body, names)


def test_publish_all_becomes_bindings_of_the_exposed_ports_of_body_and_image(create):
    body = {**PLAIN, "ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PublishAllPorts": True}}
    engine = create(body, image={"ExposedPorts": {"53/udp": {}}}).body["HostConfig"]
    ephemeral = [{"HostIp": "127.0.0.1", "HostPort": ""}]
    assert engine["PortBindings"] == {"80/tcp": ephemeral, "53/udp": ephemeral}
    assert "PublishAllPorts" not in engine


@pytest.mark.parametrize(
    "image, status",
    [
        ({"ExposedPorts": {f"{port}/tcp": {} for port in range(1, 60_000)}}, 403),
        ({"ExposedPorts": {"any word": {}}}, 400),
        ({"ExposedPorts": {"80-90/tcp": {}}}, 400),
        ({"Volumes": {f"/v{number}": {} for number in range(17)}}, 403),
    ],
)
def test_an_image_cannot_make_the_engine_do_more_than_a_body_may(image, status, create):
    with pytest.raises(Refusal) as refused:
        create(host(PublishAllPorts=True), image=image)
    assert refused.value.status == status


def test_ports_that_nobody_publishes_are_no_reason_to_refuse(create, names):
    image = {"ExposedPorts": {f"{port}/tcp": {} for port in range(1, 100)}, "Volumes": {"/data": {}}}
    assert_harmless(create(PLAIN, image=image).body, names)


def test_the_own_name_and_own_aliases_are_known_on_each_network(create):
    body = create(endpoint(Aliases=["shop", "web2"]), name="web2").body
    assert body["NetworkingConfig"]["EndpointsConfig"] == {SHOP_NET: {"Aliases": ["web2", "shop"]}}
    assert body["HostConfig"]["NetworkMode"] == SHOP_NET


def test_a_disabled_network_has_no_endpoint(create):
    body = create({**PLAIN, "NetworkDisabled": True}).body
    assert body["HostConfig"]["NetworkMode"] == "none" and body["NetworkingConfig"]["EndpointsConfig"] == {}


def test_a_health_check_is_slowed_down_also_when_the_image_brings_it(create):
    from_body = create({**PLAIN, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000}}).body
    assert from_body["Healthcheck"]["Interval"] == 10**9
    inherited = create(
        PLAIN, image={"Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000, "Retries": 3}}
    ).body
    assert inherited["Healthcheck"] == {"Test": ["CMD", "true"], "Interval": 10**9, "Retries": 3}
    merged = create(
        {**PLAIN, "Healthcheck": {"Retries": 5}},
        image={"Healthcheck": {"Test": ["CMD", "true"], "StartInterval": 5, "Interval": 5 * 10**9}},
    ).body
    assert merged["Healthcheck"] == {
        "Test": ["CMD", "true"],
        "Interval": 5 * 10**9,
        "StartInterval": 10**9,
        "Retries": 5,
    }


def test_a_slow_health_check_is_kept(create):
    check = {"Test": ["CMD", "true"], "Interval": 5_000_000_000, "Retries": 3}
    assert create({**PLAIN, "Healthcheck": check}).body["Healthcheck"] == check


def test_stop_timeout_is_capped_also_when_the_image_brings_it(create):
    assert create({**PLAIN, "StopTimeout": -1}).body["StopTimeout"] == 30
    assert create(PLAIN, image={"StopTimeout": 9999}).body["StopTimeout"] == 30


def test_an_empty_entrypoint_is_kept_apart_from_an_absent_one(create):
    assert create({**PLAIN, "Entrypoint": []}).body["Entrypoint"] == []
    assert "Entrypoint" not in create(PLAIN).body
    assert create({**PLAIN, "Entrypoint": "sh"}).body["Entrypoint"] == ["sh"]


@pytest.mark.parametrize("name", ["f" * 64, "f" * 12, "abc", "a", "a/b", "web\n", "../x", "-x", "a" * 200])
def test_a_name_that_could_be_an_id_or_a_path_is_refused(name, create):
    with pytest.raises(Refusal):
        create(PLAIN, name=name)


@pytest.mark.parametrize("name", ["web", "my-app_1.x", "db", "shop2"])
def test_plain_names_pass(name, create):
    assert create(PLAIN, name=name).query["name"].endswith(f"--{name}")


def test_another_platform_is_refused(create):
    with pytest.raises(Refusal):
        create(PLAIN, platform="windows/amd64")
    create(PLAIN, platform="linux")


def test_grading_asks_no_name_server_outside(create, names):
    names.policy = GRADING
    assert create(PLAIN).body["HostConfig"]["Dns"] == ["127.0.0.1"]
    assert "Dns" not in create(host(NetworkMode="container:web")).body["HostConfig"]


def test_a_session_without_a_cgroup_says_so_plainly(create, names):
    names.cgroup = ""
    assert create(PLAIN).body["HostConfig"]["CgroupParent"] == ""


def test_a_lower_limit_of_the_policy_is_used(create, names):
    names.policy = replace(GRADING, limits=replace(GRADING.limits, memory=8 * MIB))
    assert create(host(Memory=16 * MIB)).body["HostConfig"]["Memory"] == 8 * MIB


def test_the_logs_of_all_containers_together_stay_below_the_session_s_quota():
    sizes = [
        int(log({}, CLASS.limits, others)["Config"]["max-size"].removesuffix("k")) * 1024
        for others in range(CLASS.limits.containers)
    ]
    assert sizes[0] == CLASS.limits.log_size
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) * CLASS.limits.log_files <= CLASS.limits.log_total
