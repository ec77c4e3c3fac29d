"""One invariant over bodies that nobody thought of: what is accepted is harmless in the engine's reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engine_reading import CONFIG, HOST, harm, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_names import BASE, SID, WEB, OwnNames

from course.gateway.policy.container import ImageView, parse_create
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

_WORDS = st.sampled_from(
    ["", "host", "private", "none", "bridge", "default", "net1", "container:web", "container:victim", "always", "no",
     "on-failure", "json-file", "syslog", "/:/h", "data:/d", "data:/d:ro", "../x:/h", "/", "/t", "ALL", "SYS_ADMIN",
     "no-new-privileges:false", "seccomp=unconfined", "label=disable", "size=9g,suid", "0.0.0.0", "8080", "0", "-1",
     "volume", "bind", "tmpfs", "data", "org.slipway.session", "80/tcp", "53/udp", WEB, "web", "f" * 64, BASE,
     "course/busybox", "shop:1", "\u017f", "NONE", "CMD"]
)  # fmt: skip
_SCALAR = st.none() | st.booleans() | st.sampled_from([0, 1, -1, 3, 4 << 20, 1 << 40, 10**6, 10**9]) | _WORDS
_KEYS = st.sampled_from(
    [*HOST, *CONFIG, "HostConfig", "NetworkingConfig", "EndpointsConfig", "Type", "Source", "Target", "Name", "Hard",
     "Soft", "Config", "HostIp", "HostPort", "Aliases", "NetworkID", "VolumeOptions", "TmpfsOptions", "DriverConfig",
     "SizeBytes", "Mode", "MaximumRetryCount", "Test", "Interval", "80/tcp", "/t", "net1", "victim", "default"]
)  # fmt: skip
_ANY = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | _WORDS, inner, max_size=3),
    max_leaves=5,
)
# values of the right form, so that many bodies get past the types
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "Binds": st.lists(_WORDS, max_size=2),
    "CapDrop": st.lists(_WORDS, max_size=2),
    "SecurityOpt": st.lists(_WORDS, max_size=2),
    "VolumesFrom": st.lists(_WORDS, max_size=2),
    "Mounts": st.lists(
        st.fixed_dictionaries(
            {"Type": st.sampled_from(["volume", "tmpfs", "bind"]), "Target": st.sampled_from(["/m", "/", "/a/../b"])},
            optional={"Source": _WORDS, "TmpfsOptions": st.just({"SizeBytes": 1 << 40}), "ReadOnly": st.booleans()},
        ),
        max_size=2,
    ),
    "PortBindings": st.dictionaries(
        st.sampled_from(["80/tcp", "80", "53/udp"]),
        st.lists(st.fixed_dictionaries({}, optional={"HostIp": _WORDS, "HostPort": _WORDS}), max_size=2),
        max_size=2,
    ),
    "RestartPolicy": st.fixed_dictionaries({"Name": _WORDS}, optional={"MaximumRetryCount": st.integers(0, 20)}),
    "Tmpfs": st.dictionaries(st.sampled_from(["/t", "/"]), _WORDS, max_size=2),
    "LogConfig": st.fixed_dictionaries({}, optional={"Type": _WORDS, "Config": st.just({"max-size": "9g"})}),
    "Memory": st.integers(-1, 1 << 41),
    "NanoCpus": st.integers(-1, 10**11),
    "PidsLimit": st.integers(-2, 10**6),
    "ShmSize": st.integers(-1, 1 << 41),
    "NetworkMode": _WORDS,
    "PidMode": _WORDS,
    "IpcMode": _WORDS,
    "CgroupnsMode": _WORDS,
}


def fields(names: list[str]) -> st.SearchStrategy[list[tuple[str, Any]]]:
    def pair(name: str) -> st.SearchStrategy[tuple[str, Any]]:
        value = st.one_of(*[_LIKELY[name]] * 4, _ANY) if name in _LIKELY else _ANY
        spelled = st.sampled_from([name] * 40 + [name.lower(), name.upper(), name.replace("s", "\u017f", 1)])
        return st.tuples(spelled, value)

    return st.lists(st.sampled_from(names).flatmap(pair), max_size=3)


def written(pairs: list[tuple[str, Any]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"


_HOST_KEYS = [["HostConfig"]] * 8 + [[], ["hostConfig"], ["HostConfig", "HostConfig"], ["HostConfig", "hostConfig"]]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A create body as text, so that duplicates are possible."""
    pairs = [("Image", json.dumps("course/busybox"))]
    pairs += [(key, json.dumps(value)) for key, value in draw(st.just([]) | st.just([]) | fields([*HOST, *CONFIG]))]
    for name in draw(st.sampled_from(_HOST_KEYS)):
        host = draw(st.one_of(fields([*HOST, *_LIKELY]), fields([*_LIKELY]), fields([*_LIKELY])))
        pairs.append((name, written([(key, json.dumps(value)) for key, value in host])))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1]))):
        endpoints = draw(st.dictionaries(_WORDS, st.none() | st.dictionaries(_KEYS, _ANY, max_size=2), max_size=2))
        pairs.append(("NetworkingConfig", json.dumps({"EndpointsConfig": endpoints})))
    return written(pairs).encode()


class Count:
    accepted = refused = 0


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    bodies(), st.sampled_from([{}, {"ExposedPorts": {"80/tcp": {}}, "Healthcheck": {"Test": ["CMD"], "Interval": 1}}])
)
def _every_body(raw: bytes, image: dict[str, Any]) -> None:
    names = OwnNames()
    try:
        spec = parse_create(raw, Query())
        for volume in spec.volumes_needed:
            names.volumes.setdefault(f"sw-{SID}--{volume}", volume)
        body = spec.named("quiet_dock").engine_request(names, ImageView(BASE, image)).body
    except Refusal as refused:
        assert refused.status in (400, 403, 404, 413)
        Count.refused += 1
        return
    Count.accepted += 1
    effective = read(json.dumps(body).encode())
    assert harm(effective, sid=SID, networks=set(names.networks), containers=set(names.containers)) == []


def test_whatever_is_accepted_is_harmless_as_the_engine_reads_it():
    Count.accepted = Count.refused = 0
    _every_body()
    # the invariant says something only when both ways are taken
    assert Count.accepted > 50 and Count.refused > 50, (Count.accepted, Count.refused)


@pytest.mark.parametrize(
    "host",
    [
        {"Privileged": True}, {"Binds": ["/:/h"]}, {"PidMode": "host"}, {"NetworkMode": "host"}, {"MaskedPaths": []},
        {"SecurityOpt": ["seccomp=unconfined"]}, {"Memory": 0}, {"CapAdd": ["ALL"]}, {"PublishAllPorts": True},
    ],
)  # fmt: skip
def test_the_model_calls_harm_what_is_harm(host, create, names):
    """The invariant above can fail: each of these, put into a good request, is found."""
    body = create({"Image": "course/busybox"}).body
    body["HostConfig"] |= host
    assert harm(read(json.dumps(body).encode()), sid=SID, networks=set(names.networks), containers=set()) != []
