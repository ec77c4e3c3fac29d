"""Paths: a closed table; what could be read in two ways is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import ROUTES, match

KNOWN = [
    ("GET", "/_ping", "system.ping", {}),
    ("HEAD", "/_ping", "system.ping", {}),
    ("GET", "/version", "system.version", {}),
    ("GET", "/v1.41/info", "system.info", {}),
    ("GET", "/v1.24/events?since=1", "system.events", {}),
    ("GET", "/containers%2fjson?all=1", "container.list", {}),
    ("GET", "/%76%31.41/containers/json", "container.list", {}),
    ("POST", "/v1.51/containers/create?name=web", "container.create", {}),
    ("POST", "/containers/prune", "container.prune", {}),
    ("GET", "/containers/web/json", "container.inspect", {"id": "web"}),
    ("GET", "/containers/json/json", "container.inspect", {"id": "json"}),
    ("POST", "/containers/web/start", "container.start", {"id": "web"}),
    ("HEAD", "/containers/web/archive?path=/", "container.archive.stat", {"id": "web"}),
    ("PUT", "/containers/web/archive?path=/", "container.archive.put", {"id": "web"}),
    ("DELETE", "/containers/web", "container.remove", {"id": "web"}),
    ("POST", "/exec/abc/start", "exec.start", {"id": "abc"}),
    ("POST", "/commit?container=web", "image.commit", {}),
    ("GET", "/images/json", "image.list", {}),
    ("GET", "/images/get?names=a&names=b", "image.save", {}),
    ("GET", "/images/shop:1/get", "image.save", {"name": "shop:1"}),
    ("GET", "/images/course/busybox/json", "image.inspect", {"name": "course/busybox"}),
    ("GET", "/images/course%2Fbusybox:latest/json", "image.inspect", {"name": "course/busybox:latest"}),
    ("GET", "/images/json/json", "image.inspect", {"name": "json"}),
    ("POST", "/images/localhost:5000%2Fmine/push?tag=1", "image.push", {"name": "localhost:5000/mine"}),
    ("DELETE", "/images/a/b/c:1", "image.remove", {"name": "a/b/c:1"}),
    ("POST", "/images/create?fromImage=x", "image.create", {}),
    ("POST", "/images/prune", "image.prune", {}),
    ("POST", "/build/prune", "build.prune", {}),
    ("GET", "/system/df", "system.df", {}),
    ("POST", "/build?t=x", "image.build", {}),
    ("GET", "/networks/net1", "network.inspect", {"id": "net1"}),
    ("POST", "/networks/net1/connect", "network.connect", {"id": "net1"}),
    ("DELETE", "/volumes/data", "volume.remove", {"id": "data"}),
]


@pytest.mark.parametrize("method, target, route, params", KNOWN)
def test_known(method, target, route, params):
    call = match(method, target)
    assert (call.route, dict(call.params)) == (route, params)


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/v1.41/containers/x/json/%2e%2e/%2e%2e/victim/json", 400),
        ("GET", "/containers/../info", 400),
        ("GET", "/containers/./json", 400),
        ("GET", "//info", 400),
        ("GET", "/containers//json", 400),
        ("GET", "/containers/json/", 400),
        ("GET", "/containers/%2fjson", 400),
        ("GET", "/containers/a%00/json", 400),
        ("GET", "/containers/a%0a/json", 400),
        ("GET", "/containers/%zz/json", 400),
        ("GET", "/containers/%/json", 400),
        ("GET", "/containers/%ff/json", 400),
        ("GET", "/containers/a%5cb/json", 400),
        ("GET", "/info#x", 400),
        ("GET", "/in fo", 400),
        ("GET", "/ïnfo", 400),
        ("GET", "http://d/info", 400),
        ("GET", "d:80", 400),
        ("GET", "*", 400),
        ("GET", "", 400),
        ("GET", "/containers/json?all=%zz", 400),
        ("GET", "/containers/json?a;b=1", 400),
        ("GET", "/containers/json?a=%00", 400),
        ("GET", "/containers/json?a=%ff", 400),
        ("GET", "/containers/json?" + "a" * 70000, 414),
        ("GET", "/v1.12/containers/json", 400),
        ("GET", "/v1.23/containers/json", 400),
        ("GET", "/v1.52/info", 400),
        ("GET", "/v2.0/info", 400),
        ("GET", "/v01.41/info", 400),
        ("GET", "/v1.041/info", 400),
        ("GET", "/v1.41.0.0/info", 400),
        ("GET", "/v1/info", 400),
        ("GET", "/v1.٤١/info", 400),
        ("GET", "/Containers/json", 404),
        ("get", "/info", 404),
        ("POST", "/info", 404),
        ("HEAD", "/info", 404),
        ("OPTIONS", "/info", 404),
        ("GET", "/v1.41", 404),
        ("GET", "/containers/a/b/json", 404),
        ("POST", "/containers/web/start/exec", 404),
        ("PUT", "/volumes/data", 404),
        ("POST", "/containers/web/copy", 403),
        ("GET", "/containers/web/attach/ws", 403),
        ("POST", "/containers/web/checkpoints", 403),
        ("POST", "/session", 403),
        ("POST", "/grpc", 403),
        ("POST", "/v1.41/grpc", 403),
        ("POST", "/build/cancel", 403),
        ("POST", "/auth", 403),
        ("GET", "/distribution/127.0.0.1:8888/x:1/json", 403),
        ("GET", "/images/search?term=x", 403),
        ("POST", "/swarm/init", 403),
        ("GET", "/swarm", 403),
        ("GET", "/services", 403),
        ("GET", "/tasks/x", 403),
        ("GET", "/nodes", 403),
        ("POST", "/secrets/create", 403),
        ("GET", "/configs", 403),
        ("POST", "/plugins/pull?remote=x", 403),
        ("GET", "/debug/vars", 403),
    ],
)
def test_refused(method, target, status):
    with pytest.raises(Refusal) as refused:
        match(method, target)
    assert refused.value.status == status, refused.value.message
    assert refused.value.message


def test_buildkit_is_refused_with_the_way_that_works():
    with pytest.raises(Refusal) as refused:
        match("POST", "/session")
    assert "DOCKER_BUILDKIT=0" in refused.value.message


def test_the_query_is_decoded_once_and_keeps_repeated_values():
    call = match("GET", "/images/get?names=a%2Fb&names=c+d&x=%2541")
    assert call.query == {"names": ["a/b", "c d"], "x": ["%41"]}


NAME = st.text(st.sampled_from("abz019._-:/ %"), min_size=1, max_size=12)


@given(NAME, st.booleans())
def test_a_name_in_a_path_is_what_was_quoted_or_is_refused(name, slashes):
    target = f"/v1.41/images/{quote(name, safe='/' if slashes else '')}/json"
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        with pytest.raises(Refusal):
            match("GET", target)
    else:
        assert match("GET", target).params == {"name": name}


@given(st.text(max_size=40), st.sampled_from(["GET", "POST", "DELETE", "PUT"]))
def test_any_path_is_matched_or_refused(path, method):
    try:
        call = match(method, "/" + path)
    except Refusal as refused:
        assert 400 <= refused.status < 500
    else:
        assert call.route in ROUTES
        assert all(".." not in value.split("/") and "\0" not in value for value in call.params.values())
