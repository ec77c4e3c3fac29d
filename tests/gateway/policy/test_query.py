"""Queries: closed and typed for each call."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from course.gateway.policy.query import _PARAMETERS, parse
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import ROUTES, match


def typed(method: str, path: str, *pairs: tuple[str, str]):
    return parse(match(method, f"{path}?{urlencode(pairs)}"))


LIST = ("GET", "/containers/json")


@pytest.mark.parametrize("word, value", [("1", True), ("True", True), ("0", False), ("False", False), ("", False)])
def test_booleans_are_read_the_go_way(word, value):
    assert typed(*LIST, ("all", word)).flag("all") is value


def test_docker_py_and_the_cli_lists_pass():
    query = typed(*LIST, ("all", "1"), ("limit", "-1"), ("size", "0"), ("trunc_cmd", "0"))
    assert (query.flag("all"), query.number("limit"), query.flag("size")) == (True, -1, False)
    cli = typed(*LIST, ("filters", '{"label":{"a=b":true},"name":{"x":true}}'))
    assert cli.filters() == {"label": ("a=b",), "name": ("x",)}


def test_a_parameter_sent_twice_is_refused():
    with pytest.raises(Refusal) as refused:
        typed(*LIST, ("filters", "{}"), ("filters", '{"label":["a"]}'))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "filters, status",
    [
        ('{"label":["a"],"label":["b"]}', 400),
        ('{"label":{"a":false}}', 400),
        ('{"label":"a"}', 400),
        ('{"label":[1]}', 400),
        ('{"foreign":["a"]}', 400),
        ('{"Label":["a"]}', 400),
        ("[]", 400),
        ("{", 400),
        (json.dumps({"label": ["x"] * 101}), 400),
    ],
)
def test_odd_filters_are_refused(filters, status):
    with pytest.raises(Refusal) as refused:
        typed(*LIST, ("filters", filters))
    assert refused.value.status == status


@pytest.mark.parametrize("filters", ["", "{}", "null", '{"label":null}', '{"label":[]}'])
def test_empty_filters_filter_nothing(filters):
    assert not any(typed(*LIST, ("filters", filters)).filters().values())


@pytest.mark.parametrize(
    "method, path, name, value, status",
    [
        ("GET", "/containers/json", "unknown", "1", 403),
        ("GET", "/containers/json", "all", "maybe", 400),
        ("GET", "/containers/json", "limit", "1e9", 400),
        ("GET", "/containers/json", "limit", "٣", 400),
        ("POST", "/containers/w/start", "checkpoint", "x", 403),
        ("POST", "/containers/w/stop", "t", "999999999", 400),
        ("POST", "/containers/w/kill", "signal", "9,10", 400),
        ("POST", "/containers/w/wait", "condition", "never", 400),
        ("POST", "/containers/w/resize", "h", "-1", 400),
        ("DELETE", "/containers/w", "link", "1", 403),
        ("GET", "/containers/w/logs", "since", "yesterday", 400),
        ("POST", "/build", "remote", "http://127.0.0.1:8888/Dockerfile", 403),
        ("POST", "/build", "remote", "client-session", 403),
        ("POST", "/build", "version", "2", 403),
        ("POST", "/build", "session", "abc", 403),
        ("POST", "/build", "outputs", '[{"Type":"local"}]', 403),
        ("POST", "/build", "extrahosts", "h:host-gateway", 403),
        ("POST", "/build", "securityopt", '["seccomp=unconfined"]', 403),
        ("POST", "/build", "squash", "1", 403),
        ("POST", "/build", "isolation", "process", 403),
        ("POST", "/build", "buildargs", '{"a":1}', 400),
        ("POST", "/build", "buildargs", '{"a":"1","a":"2"}', 400),
        ("POST", "/build", "tomorrow", "1", 403),
        ("POST", "/images/create", "fromSrc", "-", 403),
        ("POST", "/images/create", "fromSrc", "http://127.0.0.1:8888/x", 403),
        ("POST", "/images/create", "changes", "LABEL a=b", 403),
        ("POST", "/images/create", "repo", "course/busybox", 403),
    ],
)  # fmt: skip
def test_refused(method, path, name, value, status):
    with pytest.raises(Refusal) as refused:
        typed(method, path, (name, value))
    assert refused.value.status == status, refused.value.message


def test_an_unknown_parameter_without_a_value_says_nothing():
    assert typed(*LIST, ("unknown", "")).values == {}


def test_what_the_cli_sends_with_a_classic_build_passes():
    query = typed(
        "POST", "/build", ("buildargs", "{}"), ("cachefrom", "[]"), ("cgroupparent", ""), ("cpuperiod", "0"),
        ("cpuquota", "0"), ("cpusetcpus", ""), ("cpusetmems", ""), ("cpushares", "0"), ("dockerfile", "Dockerfile"),
        ("labels", "{}"), ("memory", "0"), ("memswap", "0"), ("networkmode", "default"), ("rm", "1"), ("shmsize", "0"),
        ("t", "app"), ("t", "app:2"), ("target", ""), ("ulimits", "null"), ("version", "1"),
    )  # fmt: skip
    assert query.texts("t") == ("app", "app:2") and query.table("labels") == {}


def test_stats_keep_their_default_when_nothing_is_said():
    assert "stream" not in typed("GET", "/containers/w/stats", ("stream", "")).values
    assert typed("GET", "/containers/w/stats", ("stream", "False")).flag("stream", True) is False


def test_the_table_has_no_route_that_does_not_exist():
    assert set(_PARAMETERS) <= ROUTES
