"""The calls on one container, updates and execs: what is sent to the engine, and what is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from own_names import SID, WEB, OwnNames

from course.gateway.policy import container_calls, container_update
from course.gateway.policy import exec as execs
from course.gateway.policy.limits import MIB
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
        ("GET", "/containers/web/logs", {"tail": "999999999"}, ("logs",), {"tail": "999999999"}),
        ("GET", "/containers/web/logs", {"tail": "0"}, ("logs",), {"tail": "0"}),
        ("GET", "/containers/web/logs", {"tail": "some"}, ("logs",), {"tail": "all"}),
        ("GET", "/containers/web/logs", {"tail": "-5"}, ("logs",), {"tail": "all"}),
        ("GET", "/containers/web/top", {"ps_args": "aux"}, ("top",), {"ps_args": "aux"}),
        ("GET", "/containers/web/top", {"ps_args": "axe"}, ("top",), {"ps_args": "-ef"}),
        ("GET", "/containers/web/top", {"ps_args": "-o pid,cmd"}, ("top",), {"ps_args": "-o pid,cmd"}),
        ("GET", "/containers/web/top", {"ps_args": "-o pid,environ"}, ("top",), {"ps_args": "-ef"}),
        ("GET", "/containers/web/top", {"ps_args": "-o pid e"}, ("top",), {"ps_args": "-ef"}),
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
        ({}, {}),
        ({"Memory": 33554432, "Devices": None, "BlkioWeight": 0}, {"Memory": 33554432, "MemorySwap": 33554432}),
    ],
)
def test_an_update_lowers_and_never_lifts(asked, sent, names):
    built = container_update.engine_request(raw(asked), names, "web")
    assert (built.parts, built.body) == (("containers", WEB, "update"), sent)


@pytest.mark.parametrize(
    "asked",
    [{"CpuQuota": -1}, {"Devices": [{}, {"a": 1}]}, {"Privileged": True}, {"memory": 1}, {"KernelMemory": 5}],
)
def test_an_update_of_anything_else_is_refused(asked, names):
    with pytest.raises(Refusal):
        container_update.engine_request(raw(asked), names, "web")


def test_an_update_of_a_foreign_container_is_unknown(names):
    with pytest.raises(Refusal) as refused:
        container_update.engine_request(raw({"Memory": 33554432}), names, "victim")
    assert refused.value.status == 404


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
