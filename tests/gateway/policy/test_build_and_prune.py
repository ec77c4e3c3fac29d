"""Builds under the limits of the session, and prunes of own objects."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from own_names import SID

from course.gateway.policy import build, prune
from course.gateway.policy.limits import GRADING, MIB
from course.gateway.policy.query import Query, parse
from course.gateway.policy.refusal import Refusal
from course.gateway.policy.routes import match


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


def test_buildkit_gives_no_session_the_results_of_another(names):
    spec = build.parse(build_query(t="shop", target="one", buildargs='{"A":"b"}'))
    first = spec.buildkit_query(names)
    names.sid = "b00000000002"
    second = spec.buildkit_query(names)
    arguments = [json.loads(query["buildargs"]) for query in (first, second)]
    for key in (build.HOSTNAME, build.CACHE_NAMESPACE):
        assert arguments[0][key] != arguments[1][key]
    assert [one["A"] for one in arguments] == ["b", "b"]
    assert (first["version"], first["pull"], first["target"], first["nocache"]) == ("2", "0", "one", "0")
    assert "cachefrom" not in first and "remote" not in first and "session" not in first


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "Ftp_Proxy", "NO_PROXY", "all_proxy"])
def test_a_build_with_a_proxy_neither_reads_nor_serves_anybodys_cache(names, name):
    spec = build.parse(build_query(buildargs=json.dumps({name: "http://evil:1"})))
    assert spec.buildkit_query(names)["nocache"] == "1"


@pytest.mark.parametrize(
    "name",
    [
        "BUILDKIT_SYNTAX",
        "BUILDKIT_SANDBOX_HOSTNAME",
        "BUILDKIT_CACHE_MOUNT_NS",
        "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
        "BUILDKIT_INLINE_CACHE",
        "BUILDKIT_MULTI_PLATFORM",
        "BUILDKIT_DOCKERFILE_CHECK",
        "buildkit_syntax",
    ],
)
def test_buildkits_own_arguments_are_refused(name):
    with pytest.raises(Refusal):
        build.check_arguments({name: "x"})


@pytest.mark.parametrize("rows", [["db:10.0.0.5"], ["db=fd00::1", "web:192.168.0.2"]])
def test_own_sessions_may_add_host_names_to_a_build(names, rows):
    asked = parse(match("POST", "/build?" + urlencode({"extrahosts": rows}, doseq=True)), reaching=True)
    given, plain = build.parse(asked).buildkit_query(names), build.parse(build_query()).buildkit_query(names)
    assert given["extrahosts"] == tuple(rows)
    hosts = [json.loads(query["buildargs"])[build.HOSTNAME] for query in (given, plain)]
    assert hosts[0] != hosts[1], "they aren't part of the cache's key, which the host name is"
    assert build.parse(asked).engine_query(names, (), "net")["extrahosts"] == tuple(rows)


@pytest.mark.parametrize("row", ["db", "db:10.0.0.5,evil:1.2.3.4", "db:host-gateway", "a b:1.2.3.4", "db:", "[x]:1"])
def test_an_odd_host_name_of_a_build_is_refused(names, row):
    asked = parse(match("POST", "/build?" + urlencode({"extrahosts": row})), reaching=True)
    with pytest.raises(Refusal) as refused:
        build.parse(asked)
    assert refused.value.status == 400


def test_buildkit_has_the_engines_network_or_none(names):
    ask = {"networkmode": "none"}
    assert build.parse(build_query()).buildkit_query(names)["networkmode"] == "default"
    assert build.parse(build_query(**ask)).buildkit_query(names)["networkmode"] == "none"
    names.policy = GRADING
    assert build.parse(build_query()).buildkit_query(names)["networkmode"] == "none"
    assert GRADING.buildkit == "never"


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


def test_a_prune_takes_what_its_filters_say():
    query = Query({"filters": {"until": ("10m",), "label": ("a=1", "b"), "label!": ("keep",)}})
    spec = prune.parse(query, now=10_000.0)
    assert spec.takes({"a": "1", "b": ""}, 9_000.0)
    assert not spec.takes({"a": "2", "b": ""}, 9_000.0)
    assert not spec.takes({"a": "1"}, 9_000.0)
    assert not spec.takes({"a": "1", "b": "", "keep": ""}, 9_000.0)
    assert not spec.takes({"a": "1", "b": ""}, 9_500.0)


def test_labels_of_ownership_are_not_there_for_a_filter():
    owned = {"org.slipway.session": "a"}
    assert prune.parse(Query({"filters": {"label!": ("org.slipway.session",)}}), now=0.0).takes(owned, 0.0)
    assert not prune.parse(Query({"filters": {"label": ("org.slipway.session",)}}), now=0.0).takes(owned, 0.0)


@pytest.mark.parametrize(("words", "dangling"), [((), True), (("1",), True), (("false",), False), (("0",), False)])
def test_which_images_a_prune_takes(words, dangling):
    assert prune.parse(Query({"filters": {"dangling": words}}), now=0.0).dangling is dangling


@pytest.mark.parametrize(
    "word, moment", [("1700000000", 1.7e9), ("1h30m", 4600.0), ("1970-01-02T00:00:00+00:00", 86400.0)]
)
def test_moments(word, moment):
    assert prune.moment(word, 10_000.0) == moment


@pytest.mark.parametrize(
    "filters",
    [
        {"dangling": ("no",)},
        {"dangling": ("true", "0")},
        {"until": ("soon",)},
        {"until": ("1h", "2h")},
        {"until": ("10x",)},
    ],
)
def test_a_prune_of_more_is_refused(filters):
    with pytest.raises(Refusal):
        prune.parse(Query({"filters": filters}), now=0.0)
