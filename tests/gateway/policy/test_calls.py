"""The calls beside create: what is sent to the engine for each, and what is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from own_names import BASE, DEFAULT_NET, OWN, SHOP_NET, SID, WEB, OwnNames

from course.gateway.policy import build, container_calls, container_update, image, network, prune, volume
from course.gateway.policy import exec as execs
from course.gateway.policy.limits import GRADING, MIB
from course.gateway.policy.query import Query, parse
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import match

CAP = 4096


def request(names: OwnNames, method: str, target: str, /, **query: str):
    call = match(method, f"{target}?{urlencode(query)}")
    return container_calls.engine_request(call, parse(call), names)


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    "method, path, query, parts, sent",
    [
        ("GET", "/containers/web/json", {"size": "1"}, ("json",), {"size": "1"}),
        ("POST", "/containers/web/start", {"detachKeys": "ctrl-a"}, ("start",), {"detachKeys": "ctrl-a"}),
        ("POST", "/containers/web/stop", {"t": "5"}, ("stop",), {"t": "5"}),
        ("POST", "/containers/web/stop", {"t": "-1"}, ("stop",), {"t": "30"}),
        ("POST", "/containers/web/restart", {"t": "86400"}, ("restart",), {"t": "30"}),
        ("POST", "/containers/web/kill", {"signal": "SIGHUP"}, ("kill",), {"signal": "SIGHUP"}),
        ("POST", "/containers/web/pause", {}, ("pause",), {}),
        ("POST", "/containers/web/wait", {"condition": "removed"}, ("wait",), {"condition": "removed"}),
        ("POST", "/containers/web/rename", {"name": "web2"}, ("rename",), {"name": f"sw-{SID}--web2"}),
        ("POST", "/containers/web/resize", {"h": "30", "w": "90"}, ("resize",), {"h": "30", "w": "90"}),
        ("GET", "/containers/web/logs", {"stdout": "1", "tail": "all"}, ("logs",), {"stdout": "1", "tail": "all"}),
        ("GET", "/containers/web/logs", {"tail": "999999999"}, ("logs",), {"tail": "100000"}),
        ("GET", "/containers/web/logs", {"tail": "0"}, ("logs",), {"tail": "0"}),
        ("GET", "/containers/web/top", {"ps_args": "aux"}, ("top",), {"ps_args": "aux"}),
        ("GET", "/containers/web/top", {"ps_args": "axe"}, ("top",), {"ps_args": "-ef"}),
        ("GET", "/containers/web/top", {}, ("top",), {}),
        ("DELETE", "/containers/web", {"v": "0", "force": "1"}, (), {"v": "1", "force": "1"}),
        ("DELETE", f"/containers/{WEB[:12]}", {}, (), {"v": "1", "force": "0"}),
        ("GET", "/containers/web/archive", {"path": "/a/../b"}, ("archive",), {"path": "/a/../b"}),
        ("PUT", "/containers/web/archive", {"path": "/"}, ("archive",), {"path": "/"}),
        ("POST", "/containers/web/attach", {"stream": "1", "stdin": "0"}, ("attach",), {"stream": "1", "stdin": "0"}),
        ("GET", "/containers/web/stats", {"stream": "false"}, ("stats",), {"stream": "0"}),
    ],
)
def test_a_call_is_rebuilt_from_the_full_id(method, path, query, parts, sent, names):
    built = request(names, method, path, **query)
    assert (built.method, built.parts, dict(built.query)) == (method, ("containers", WEB, *parts), sent)
    assert built.body is None


@pytest.mark.parametrize("ref", ["victim", "f" * 64, "f" * 12, "sw-f0b1c2d3e4f5--web"])
def test_a_foreign_container_is_unknown(ref, names):
    with pytest.raises(Refusal) as refused:
        request(names, "GET", f"/containers/{ref}/json")
    assert refused.value.status == 404


@pytest.mark.parametrize("name", ["", "abcdef", "a/b", "f" * 64])
def test_a_rename_follows_the_rules_of_names(name, names):
    with pytest.raises(Refusal):
        request(names, "POST", "/containers/web/rename", name=name)


def test_an_archive_needs_a_path(names):
    with pytest.raises(Refusal):
        request(names, "GET", "/containers/web/archive")


# ---- update


@pytest.mark.parametrize(
    "asked, sent",
    [
        ({"Memory": 50331648, "MemorySwap": 100663296}, {"Memory": 50331648, "MemorySwap": 50331648}),
        ({"Memory": 1 << 40}, {"Memory": 256 * MIB, "MemorySwap": 256 * MIB}),
        ({"NanoCpus": 9 * 10**9}, {"NanoCpus": 10**9}),
        ({"PidsLimit": -1}, {"PidsLimit": 128}),
        ({"CpuShares": 9999, "CpusetCpus": "0"}, {"CpuShares": 1024, "CpusetCpus": "0"}),
        ({"RestartPolicy": {"Name": "always"}}, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
        ({"RestartPolicy": {"Name": "no"}}, {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
        ({"Memory": 33554432, "Devices": None, "BlkioWeight": 0}, {"Memory": 33554432, "MemorySwap": 33554432}),
    ],
)
def test_an_update_lowers_and_never_lifts(asked, sent, names):
    built = container_update.engine_request(raw(asked), names, "web")
    assert (built.parts, built.body) == (("containers", WEB, "update"), sent)


@pytest.mark.parametrize(
    "asked",
    [{"CpuQuota": -1}, {"Devices": [{}, {"a": 1}]}, {"Privileged": True}, {"memory": 1}, {"KernelMemory": 5}, {}],
)
def test_an_update_of_anything_else_is_refused(asked, names):
    with pytest.raises(Refusal):
        container_update.engine_request(raw(asked), names, "web")


def test_an_update_of_a_foreign_container_is_unknown(names):
    with pytest.raises(Refusal) as refused:
        container_update.engine_request(raw({"Memory": 33554432}), names, "victim")
    assert refused.value.status == 404


# ---- exec


def test_an_exec_as_docker_py_sends_it(names):
    body = {
        "Container": "web", "User": "", "Privileged": False, "Tty": False, "AttachStdin": False, "AttachStdout": True,
        "AttachStderr": True, "Cmd": ["true"], "Env": None,
    }  # fmt: skip
    built = execs.create_request(raw(body), names, "web")
    assert built.parts == ("containers", WEB, "exec")
    assert built.body == {
        "User": "", "Tty": False, "AttachStdin": False, "AttachStdout": True, "AttachStderr": True, "Cmd": ["true"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"Cmd": ["id"], "Privileged": True},
        {"Cmd": ["id"], "PRIVILEGED": True},
        {"Cmd": ["id"], "Capabilities": ["ALL"]},
        {"Cmd": []},
        {},
        {"Cmd": ["id"], "User": "0; rm"},
    ],
)
def test_an_exec_with_more_rights_is_refused(body, names):
    with pytest.raises(Refusal):
        execs.create_request(raw(body), names, "web")


def test_an_exec_start_says_two_things_only():
    start = execs.parse_start(raw({"Detach": False, "Tty": True, "ConsoleSize": [30, 90]}), CAP)
    assert start.body() == {"Detach": False, "Tty": True}
    with pytest.raises(Refusal):
        execs.parse_start(raw({"Detach": True, "Privileged": True}), CAP)
    assert execs.parse_start(b"", CAP).body() == {"Detach": False, "Tty": False}


def test_an_exec_resize(names):
    built = execs.resize_request(Query({"h": 30, "w": 90}), "e" * 64)
    assert (built.parts, built.query) == (("exec", "e" * 64, "resize"), {"h": "30", "w": "90"})


# ---- networks

CLI_NETWORK = {
    "Name": "net2", "Driver": "bridge", "Scope": "", "IPAM": {"Driver": "default", "Options": {}, "Config": []},
    "Internal": False, "Attachable": False, "Ingress": False, "ConfigOnly": False, "ConfigFrom": None, "Options": {},
    "Labels": {}, "CheckDuplicate": True,
}  # fmt: skip


def test_a_network_as_the_cli_sends_it():
    assert network.parse_create(raw(CLI_NETWORK), CAP) == network.NetworkSpec("net2", False, {})
    inside = network.parse_create(raw({**CLI_NETWORK, "Internal": True, "Labels": {"a": "b"}}), CAP)
    assert inside == network.NetworkSpec("net2", True, {"a": "b"})


@pytest.mark.parametrize(
    "fields",
    [
        {"Driver": "macvlan"},
        {"Driver": "host"},
        {"Driver": "bridge", "Options": {"parent": "eth0"}},
        {"Options": {"com.docker.network.bridge.name": "docker0"}},
        {"IPAM": {"Config": [{"Subnet": "198.51.100.0/24"}]}},
        {"IPAM": {"Driver": "null"}},
        {"IPAM": {"config": [{"Subnet": "198.51.100.0/24"}]}},
        {"EnableIPv6": True},
        {"Scope": "swarm"},
        {"Ingress": True},
        {"ConfigOnly": True},
        {"ConfigFrom": {"Network": "victim"}},
        {"Labels": {"org.slipway.owner": "x"}},
        {"Name": "bridge"},
        {"Name": "host"},
        {"Name": "none"},
        {"Name": "abcdef012345"},
        {"Name": "a b"},
        {"Name": ""},
        {"Tomorrow": 1},
    ],
)
def test_a_network_with_more_is_refused(fields):
    with pytest.raises(Refusal):
        network.parse_create(raw({"Name": "net2", **fields}), CAP)


def test_a_connection_resolves_both_ends_and_adds_the_own_name(names):
    spec = network.parse_connect(raw({"Container": WEB[:12], "EndpointConfig": {"Aliases": ["shop"]}}), CAP)
    built = spec.connect_request(names, "net1")
    assert built.parts == ("networks", SHOP_NET, "connect")
    assert built.body == {"Container": WEB, "EndpointConfig": {"Aliases": ["web", "shop"]}}
    leave = network.parse_disconnect(raw({"Container": "web", "Force": True}), CAP)
    assert leave.disconnect_request(names, "bridge").parts == ("networks", DEFAULT_NET, "disconnect")
    assert leave.disconnect_request(names, "bridge").body == {"Container": WEB, "Force": True}


@pytest.mark.parametrize(
    "container, target, endpoint, status",
    [
        ("victim", "net1", {}, 404),
        ("f" * 12, "net1", {}, 404),
        ("web", "victim", {}, 404),
        ("web", "net1", {"NetworkID": "f" * 64}, 403),
        ("web", "net1", {"IPAMConfig": {"IPv4Address": "10.0.0.1"}}, 403),
        ("web", "net1", {"Links": ["victim"]}, 403),
        ("web", "net1", {"DriverOpts": {"a": "b"}}, 403),
        ("web", "net1", {"Aliases": ["a b"]}, 400),
        ("", "net1", {}, 400),
    ],
)
def test_a_connection_to_anything_else_is_refused(container, target, endpoint, status, names):
    with pytest.raises(Refusal) as refused:
        body = raw({"Container": container, "EndpointConfig": endpoint})
        network.parse_connect(body, CAP).connect_request(names, target)
    assert refused.value.status == status


# ---- volumes


def test_a_volume_has_a_name_and_labels_only(names):
    spec = volume.parse_create(raw({"Name": "data2", "Driver": "local", "DriverOpts": {}, "Labels": {"a": "b"}}), CAP)
    assert spec.engine_request(names).body == {
        "Name": f"sw-{SID}--data2",
        "Driver": "local",
        "Labels": {"a": "b", **names.labels()},
    }
    assert len(volume.parse_create(b"{}", CAP).name) == 64


@pytest.mark.parametrize(
    "fields",
    [
        {"DriverOpts": {"type": "none", "o": "bind", "device": "/etc"}},
        {"Driver": "sshfs"},
        {"ClusterVolumeSpec": {"Group": "x"}},
        {"Labels": {"org.slipway.session": "x"}},
        {"Name": "../x"},
        {"Name": "f" * 64},
        {"name": "data"},
    ],
)
def test_a_volume_with_more_is_refused(fields):
    with pytest.raises(Refusal):
        volume.parse_create(raw({"Name": "data2", **fields}), CAP)


# ---- images


def test_a_tag_goes_to_the_engine_name(names):
    built, ref = image.tag_request(Query({"repo": "mine", "tag": "2"}), names, "shop:1")
    assert built.parts == ("images", OWN, "tag")
    assert built.query == {"repo": f"slipway.invalid/{SID}/d/mine", "tag": "2"}
    assert ref.familiar() == "mine:2"
    registry, _ = image.tag_request(Query({"repo": "localhost:5000/mine"}), names, "course/busybox")
    assert registry.query == {"repo": f"slipway.invalid/{SID}/h/localhost__5000/mine", "tag": "latest"}


@pytest.mark.parametrize(
    "query, source, status",
    [
        ({"repo": "course/busybox", "tag": "latest"}, "shop:1", 403),
        ({"repo": "docker.io/course/node"}, "shop:1", 403),
        ({"repo": "mine"}, "victim:1", 404),
        ({"repo": "mine"}, "7" * 12, 404),
        ({"repo": ""}, "shop:1", 400),
        ({"repo": "mine:1", "tag": "2"}, "shop:1", 400),
        ({"repo": "mine", "tag": "sha256:" + "a" * 64}, "shop:1", 400),
        ({"repo": "Mine"}, "shop:1", 400),
    ],
)
def test_a_tag_that_is_not_ones_own_is_refused(query, source, status, names):
    with pytest.raises(Refusal) as refused:
        image.tag_request(Query(query), names, source)
    assert refused.value.status == status


def test_a_push_reaches_an_own_registry_only():
    transfer = image.parse_push("127.0.0.1:5000/mine", Query({"tag": "1"}), ["localhost:5000"])
    assert (transfer.host, transfer.target, transfer.tag) == ("localhost:5000", "127.0.0.1:5000/mine", "1")
    for name in ("evil.example/x", "mine", "localhost:5001/x", "localhost/x", "127.0.0.2:5000/x", "course/busybox"):
        with pytest.raises(Refusal) as refused:
            image.parse_push(name, Query({"tag": "1"}), ["localhost:5000"])
        assert refused.value.status == 403


def test_a_pull_is_of_a_base_image_or_from_an_own_registry():
    base = image.parse_pull(Query({"fromImage": "course/busybox", "tag": "latest"}), [])
    assert (base.kind, base.reference.familiar()) == ("base", "course/busybox:latest")
    own = image.parse_pull(Query({"fromImage": "localhost:5000/mine:2"}), ["localhost:5000"])
    assert (own.kind, own.target, own.tag) == ("registry", "localhost:5000/mine", "2")
    digest = "sha256:" + "a" * 64
    pinned = image.parse_pull(Query({"fromImage": "localhost:5000/mine", "tag": digest}), ["localhost:5000"])
    assert (pinned.tag, pinned.digest) == ("", digest)
    for name in ("ubuntu", "169.254.169.254:80/x", "localhost:1/x"):
        with pytest.raises(Refusal):
            image.parse_pull(Query({"fromImage": name}), ["localhost:5000"])
    with pytest.raises(Refusal):
        image.parse_pull(Query({}), [])


def test_a_commit_is_of_an_own_container_and_sheds_the_ownership(names):
    query = Query({"container": "web", "repo": "mine", "tag": "1", "pause": True, "changes": ('cmd ["a"]',)})
    built = image.parse_commit(b"{}", query, CAP).engine_request(names)
    assert built.parts == ("commit",) and built.body == {}
    assert built.query["container"] == WEB
    assert (built.query["repo"], built.query["tag"]) == (f"slipway.invalid/{SID}/d/mine", "1")
    assert built.query["changes"][0] == 'CMD ["a"]'
    assert 'org.slipway.session=""' in built.query["changes"][-1]


@pytest.mark.parametrize(
    "body, query, status",
    [
        ({}, {"container": "victim"}, 404),
        ({"Labels": {"a": "b"}}, {"container": "web"}, 403),
        ({"Cmd": ["a"]}, {"container": "web"}, 403),
        ({}, {"container": "web", "repo": "course/busybox"}, 403),
        ({}, {"container": "web", "tag": "1"}, 400),
        ({}, {"container": "web", "changes": ("ONBUILD COPY --from=victim / /",)}, 403),
        ({}, {"container": "web", "changes": ("RUN id",)}, 403),
        ({}, {"container": "web", "changes": ("FROM victim",)}, 403),
        ({}, {"container": "web", "changes": ("CMD a\nONBUILD RUN x",)}, 403),
        ({}, {"container": "web", "changes": ("CMD a \\", "b")}, 400),
        ({}, {"container": "web", "changes": ("# escape=`",)}, 400),
        ({}, {"container": "web", "changes": ("CMD",)}, 400),
        ({}, {"container": "web", "changes": ("LABEL org.slipway.session=x",)}, 403),
        ({}, {"container": "web", "changes": ('LABEL "org.sl"ipway.session=x',)}, 403),
        ({}, {"container": "web", "changes": ("label ORG.slip\\way.base=x",)}, 403),
    ],
)
def test_a_commit_of_more_is_refused(body, query, status, names):
    with pytest.raises(Refusal) as refused:
        image.parse_commit(raw(body), Query(query), CAP).engine_request(names)
    assert refused.value.status == status


def test_removing_by_name_untags_and_deletes_with_the_last_name(names):
    names.tags["shop:2"] = OWN
    one = image.remove_check(Query({}), names, "shop:2")
    assert (one.id, one.untag, one.delete) == (OWN, ("shop:2",), False)
    del names.tags["shop:2"]
    last = image.remove_check(Query({"force": True}), names, "shop:1")
    assert (last.untag, last.delete, last.force) == (("shop:1",), True, True)


def test_removing_by_id_takes_all_names_of_one_repository(names):
    names.tags["shop:2"] = OWN
    assert image.remove_check(Query({}), names, OWN[7:19]).untag == ("shop:1", "shop:2")
    names.tags["store:1"] = OWN
    with pytest.raises(Refusal) as refused:
        image.remove_check(Query({}), names, OWN)
    assert refused.value.status == 409
    assert image.remove_check(Query({"force": True}), names, OWN).delete


@pytest.mark.parametrize("ref, status", [("victim:1", 404), ("7" * 64, 404), ("course/busybox", 403), (BASE[:19], 403)])
def test_removing_what_is_not_ones_own_is_refused(ref, status, names):
    with pytest.raises(Refusal) as refused:
        image.remove_check(Query({"force": True}), names, ref)
    assert refused.value.status == status


def test_an_own_name_of_a_base_image_is_untagged_and_the_image_stays(names):
    names.tags["mine:1"] = BASE
    plan = image.remove_check(Query({}), names, "mine:1")
    assert (plan.untag, plan.delete) == (("mine:1",), False)


# ---- build


def build_query(**query: str) -> Query:
    return parse(match("POST", f"/build?{urlencode(query)}"))


def test_a_build_is_limited_whatever_the_client_asks(names):
    asked = build_query(
        t="shop", memory="0", memswap="-1", cgroupparent="/", shmsize="99999999999", ulimits="[]", cpuquota="-1",
        rm="0", forcerm="0", pull="1", cachefrom='["victim"]', nocache="0",
    )  # fmt: skip
    sent = build.parse(asked).engine_query(names, ("slipway.invalid/x/hold:1",), "net")
    assert sent["t"] == (f"slipway.invalid/{SID}/d/shop:latest",)
    assert (sent["memory"], sent["memswap"], sent["shmsize"]) == (str(256 * MIB), str(256 * MIB), str(64 * MIB))
    assert (sent["cpuquota"], sent["cpuperiod"]) == ("100000", "100000")
    assert sent["cgroupparent"] == names.cgroup
    assert (sent["rm"], sent["forcerm"], sent["version"], sent["pull"], sent["nocache"]) == ("1", "1", "1", "0", "0")
    assert json.loads(sent["cachefrom"]) == ["slipway.invalid/x/hold:1"]
    assert {row["Name"] for row in json.loads(sent["ulimits"])} == {"nofile", "fsize", "core"}
    assert sent["networkmode"] == "net"


def test_a_build_never_has_the_cache_of_everybody(names):
    spec = build.parse(build_query(t="shop"))
    assert json.loads(spec.engine_query(names, (), "net")["cachefrom"]) != []
    names.policy = GRADING
    assert spec.engine_query(names, (), "none")["nocache"] == "1"


def test_a_build_without_network_keeps_it_off(names):
    spec = build.parse(build_query(networkmode="none"))
    assert spec.engine_query(names, (), "net")["networkmode"] == "none"


@pytest.mark.parametrize(
    "query, status",
    [
        ({"networkmode": "host"}, 403),
        ({"networkmode": "container:victim"}, 403),
        ({"networkmode": "net1"}, 403),
        ({"t": "course/busybox"}, 403),
        ({"t": "course/busybox:mine"}, 403),
        ({"t": "Shop"}, 400),
        ({"dockerfile": "../Dockerfile"}, 400),
        ({"dockerfile": "x/../../Dockerfile"}, 400),
        ({"dockerfile": "/etc/passwd"}, 400),
        ({"dockerfile": "."}, 400),
        ({"labels": '{"org.slipway.session":"x"}'}, 403),
        ({"target": "a b"}, 400),
        ({"buildargs": '{"a b":"c"}'}, 400),
        ({"platform": "linux/s390x"}, 403),
    ],
)
def test_a_build_of_more_is_refused(query, status):
    with pytest.raises(Refusal) as refused:
        build.parse(build_query(**query))
    assert refused.value.status == status


@pytest.mark.parametrize("path, clean", [("", "Dockerfile"), ("./Dockerfile", "Dockerfile"), ("a/./b", "a/b")])
def test_the_path_of_the_dockerfile_is_clean(path, clean):
    assert build.parse(build_query(dockerfile=path)).dockerfile == clean


# ---- prune


def test_a_prune_takes_what_its_filters_say():
    query = Query({"filters": {"until": ("10m",), "label": ("a=1", "b"), "label!": ("keep",)}})
    spec = prune.parse(query, now=10_000.0)
    assert spec.takes({"a": "1", "b": ""}, 9_000.0)
    assert not spec.takes({"a": "2", "b": ""}, 9_000.0)
    assert not spec.takes({"a": "1"}, 9_000.0)
    assert not spec.takes({"a": "1", "b": "", "keep": ""}, 9_000.0)
    assert not spec.takes({"a": "1", "b": ""}, 9_500.0)


@pytest.mark.parametrize(
    "word, moment", [("1700000000", 1.7e9), ("1h30m", 4600.0), ("1970-01-02T00:00:00+00:00", 86400.0)]
)
def test_moments(word, moment):
    assert prune.moment(word, 10_000.0) == moment


@pytest.mark.parametrize(
    "filters", [{"dangling": ("false",)}, {"until": ("soon",)}, {"until": ("1h", "2h")}, {"until": ("10x",)}]
)
def test_a_prune_of_more_is_refused(filters):
    with pytest.raises(Refusal):
        prune.parse(Query({"filters": filters}), now=0.0)
