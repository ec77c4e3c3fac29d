"""Requests put together at random from hostile parts; whatever is sent, one thing stays true.

Nothing outside the session is read, changed or removed, and no container exists without its limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import attack_world
import pytest
from attack_world import World, dockerfile, harm, snapshot, victims_words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_http import request, send

EXAMPLES = 250

NAMES = [
    "{own}",
    "{own_name}",
    "{own_short}",
    "{victim}",
    "{victim_prefix}",
    "{victim_name}",
    "{victim_net_id}",
    "{victim_img_id}",
    "{victim_img_short}",
    "{victim_exec}",
    "{own_exec}",
    "{own_net}",
    "{own_vol}",
    "{own_img}",
    "{base}",
    "data",
    "back",
    "shop:1",
    "sw-{victim_sid}--data",
    "sw-{victim_sid}--victim-web",
    "slipway.invalid/{victim_sid}/d/shop:1",
    "..",
    ".",
    "%2e%2e",
    "%2f",
    "a%00b",
    "",
    "bridge",
    "host",
    "none",
    "localhost:5000/x",
    "web/../x",
    "ſ",
    "K",
    "*",
]
PATHS = [
    "/containers/json",
    "/containers/create",
    "/containers/{}/json",
    "/containers/{}/start",
    "/containers/{}/stop",
    "/containers/{}/kill",
    "/containers/{}/rename",
    "/containers/{}/update",
    "/containers/{}/exec",
    "/containers/{}/archive",
    "/containers/{}/logs",
    "/containers/{}/top",
    "/containers/{}/changes",
    "/containers/{}/export",
    "/containers/{}",
    "/containers/prune",
    "/exec/{}/start",
    "/exec/{}/json",
    "/images/json",
    "/images/{}/json",
    "/images/{}/get",
    "/images/get",
    "/images/{}/tag",
    "/images/{}/push",
    "/images/{}",
    "/images/create",
    "/images/load",
    "/images/prune",
    "/commit",
    "/build",
    "/networks",
    "/networks/create",
    "/networks/{}",
    "/networks/{}/connect",
    "/networks/{}/disconnect",
    "/networks/prune",
    "/volumes",
    "/volumes/create",
    "/volumes/{}",
    "/volumes/prune",
    "/info",
    "/version",
    "/system/df",
    "/swarm",
    "/{}/{}",
]
QUERIES = {
    "all": ["1", "0", "x"],
    "force": ["1"],
    "v": ["0", "1"],
    "name": NAMES,
    "repo": NAMES,
    "tag": ["1", "latest"],
    "names": NAMES,
    "container": NAMES,
    "fromImage": NAMES,
    "fromSrc": ["-", "http://127.0.0.1/"],
    "t": [*NAMES, "1", "99999"],
    "path": ["/", "/etc/passwd", "../../.."],
    "filters": ["{}", "null", '{"label":["a"]}', '{"name":[""]}', '{"id":["{victim}"]}'],
    "networkmode": ["host", "none", "container:{victim}"],
    "changes": ["USER 0", "ONBUILD ADD http://127.0.0.1/ /"],
    "remote": ["http://127.0.0.1/"],
    "stdout": ["1"],
    "limit": ["-1", "1"],
    "signal": ["KILL", "x"],
    "dockerfile": ["../x", "Dockerfile"],
}
FIELDS = [
    "Image",
    "Cmd",
    "HostConfig",
    "Privileged",
    "Binds",
    "Mounts",
    "NetworkMode",
    "PidMode",
    "IpcMode",
    "Memory",
    "MemorySwap",
    "PidsLimit",
    "SecurityOpt",
    "CapAdd",
    "Devices",
    "VolumesFrom",
    "Links",
    "Labels",
    "Name",
    "Driver",
    "DriverOpts",
    "Container",
    "EndpointConfig",
    "NetworkID",
    "NetworkingConfig",
    "EndpointsConfig",
    "PortBindings",
    "RestartPolicy",
    "CgroupParent",
    "Runtime",
    "Healthcheck",
    "Volumes",
    "MaskedPaths",
    "Options",
    "IPAM",
    "Internal",
    "ExtraHosts",
    "Tmpfs",
    "Ulimits",
    "Env",
    "User",
]


def respelled(name: str) -> st.SearchStrategy[str]:
    """A field's name, mostly right, at times as the engine would read it too."""
    return st.sampled_from(
        [name] * 6 + [name.lower(), name.upper(), name.replace("s", "ſ"), name.replace("k", "\u212a")]
    )


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([0, -1, 1, 2**31, 2**63]),
        st.sampled_from(
            [*NAMES, "host", "/:/h", "container:{victim}", "/var/run/docker.sock:/s", "course/busybox", "always"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS).flatmap(respelled), inner, max_size=4)
    ),
    max_leaves=12,
)
bodies = st.one_of(
    st.none(),
    st.dictionaries(st.sampled_from(FIELDS).flatmap(respelled), values, max_size=6).map(
        lambda body: json.dumps({"Image": "course/busybox", **body})
    ),
    values.map(json.dumps),
    st.sampled_from(
        ["{", "[]", '{"Image":"course/busybox"}{}', '{"Image":"course/busybox","Image":"{victim_img_id}"}']
    ),
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], str | None, bool]:
    path = draw(st.sampled_from(PATHS))
    while "{}" in path:
        name = draw(st.sampled_from(NAMES))
        path = path.replace("{}", name if draw(st.booleans()) else quote(name, safe="{}"), 1)
    version = draw(st.sampled_from(["/v1.41"] * 8 + ["", "/v1.24", "/v1.12", "/v1.99"]))
    method = draw(st.sampled_from(["GET", "POST", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"]))
    chosen = draw(st.lists(st.sampled_from(sorted(QUERIES)), max_size=3, unique=True))
    query = {key: draw(st.sampled_from(QUERIES[key])) for key in chosen}
    return method, version + path, query, draw(bodies), draw(st.booleans())


@pytest.fixture(scope="module")
def world(engine_url: str) -> Iterator[World]:
    with attack_world.world(engine_url) as made:
        yield made


def test_whatever_is_sent_nothing_outside_is_touched(world: World) -> None:
    before = snapshot(world)
    words = victims_words(world)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(asked=requests())
    def run(asked: tuple[str, str, dict[str, str], str | None, bool]) -> None:
        method, path, query, body, tar = asked
        data = b"" if body is None else world.fill(body).encode("utf-8", "surrogatepass")
        headers = {"Content-Type": "application/json"}
        if tar or path.endswith("/build"):
            data = dockerfile(world.fill("FROM {victim_img_short}\nRUN cat /secret\n"))
            headers = {"Content-Type": "application/x-tar"}
        filled = {key: world.fill(value) for key, value in query.items()}
        target = world.fill(path).replace(" ", "%20").encode("ascii", "ignore").decode()
        answer = send(world.attacker, request(method, target, query=filled, body=data, headers=headers), timeout=5)
        assert answer.status < 500 or answer.status in (500, 501, 503), answer
        asked_for = target + urlencode(filled) + data.decode(errors="replace")
        for word in words:
            assert word not in answer.text or word in asked_for, (asked, answer.text[:500])
        assert harm(world) == []
        _keep_a_container(world)

    run()
    assert snapshot(world) == before


def _keep_a_container(world: World) -> Any:
    """The fuzzer may remove the attacker's own things; it goes on with fresh ones."""
    own = world.ask("GET", f"/v1.41/containers/{world.names['own']}/json")
    if own.status != 200 or not own.json["State"]["Running"]:
        for listed in world.ask("GET", "/v1.41/containers/json", query={"all": "1"}).json:
            world.ask("DELETE", f"/v1.41/containers/{listed['Id']}", query={"force": "1"})
        world.own_container()
