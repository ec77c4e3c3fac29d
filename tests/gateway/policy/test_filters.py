"""Filters are answered on what the learner sees, and always within the session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from own_names import BASE, OWN, SHOP_NET, SID, WEB

from course.gateway.policy import filters
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

OWN_LABEL = f"org.slipway.session={SID}"


def query(limit: int = 0, **words: tuple[str, ...]) -> Query:
    return Query({"filters": words, "limit": limit})


def engine_filters(asked: Query, names: Any) -> dict[str, list[str]]:
    sent: dict[str, list[str]] = json.loads(filters.container_list(asked, names)["filters"])
    return sent


def test_the_sessions_label_is_always_added(names):
    assert engine_filters(Query(), names) == {"label": [OWN_LABEL]}
    assert engine_filters(query(label=("org.slipway.session=victim",)), names)["label"] == [
        "org.slipway.session=victim",
        OWN_LABEL,
    ]


def test_names_and_ids_of_filters_are_resolved_in_the_session(names):
    asked = query(ancestor=("shop:1",), network=("net1",), volume=("data", "/d"), before=("web",), id=("ab",))
    assert engine_filters(asked, names) == {
        "label": [OWN_LABEL],
        "ancestor": [OWN],
        "network": [SHOP_NET],
        "volume": [f"sw-{SID}--data", "/d"],
        "before": [WEB],
    }


@pytest.mark.parametrize("key", ["ancestor", "network", "volume"])
def test_a_foreign_object_in_a_filter_matches_nothing(key, names):
    assert engine_filters(query(**{key: ("victim",)}), names)[key] == [filters.NOTHING]


def test_before_a_foreign_container_is_unknown(names):
    with pytest.raises(Refusal) as refused:
        filters.container_list(query(before=("victim",)), names)
    assert refused.value.status == 404


def test_a_limit_counts_what_is_left(names):
    rows = [{"Names": [f"/{name}"]} for name in ("web2", "db", "web1")]
    sent = filters.container_list(Query({"limit": 1}), names)
    assert sent["all"] == "1"
    assert filters.keep_containers(rows, query(1, name=("web",)), names) == [rows[0]]
    assert filters.keep_containers(rows, Query({"limit": -1}), names) == rows


@pytest.mark.parametrize(
    "pattern, kept",
    [
        ("web", ["web", "web2"]),
        ("^/?web$", ["web"]),
        ("^web$", ["web"]),
        ("db|2$", ["web2", "db"]),
        ("web[1-3]", ["web2"]),
        ("^(web|db)$", ["web", "db"]),
    ],
)
def test_a_name_filter_is_a_small_regular_expression(pattern, kept, names):
    rows = [{"Names": [f"/{name}"]} for name in ("web", "web2", "db")]
    shown = filters.keep_containers(rows, query(name=(pattern,)), names)
    assert [row["Names"][0][1:] for row in shown] == kept


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)" * 9, "(?i)WEB", "a*a*a*", "[", "[[a]", "[b-a]", "(", "a{9}", "*", "\\d", "x" * 200]
)
def test_a_costly_or_broken_expression_is_refused(pattern, names):
    with pytest.raises(Refusal) as refused:
        filters.keep_containers([{"Names": ["/web"]}], query(name=(pattern,)), names)
    assert refused.value.status == 400


def test_networks(names):
    bridge = {"Id": "b1", "Name": "bridge", "Driver": "bridge", "Scope": "local", "Labels": {}, "Containers": {"x": 1}}
    own = {"Id": "e1", "Name": "net1", "Driver": "bridge", "Scope": "local", "Labels": {"a": "b"}, "Containers": {}}
    rows = [bridge, own]
    for words, kept in [
        ({}, rows),
        ({"name": ("net",)}, [own]),
        ({"id": ("b",)}, [bridge]),
        ({"type": ("builtin",)}, [bridge]),
        ({"type": ("custom",)}, [own]),
        ({"label": ("a=b",)}, [own]),
        ({"label": ("a=c",)}, []),
        ({"driver": ("bridge",), "dangling": ("true",)}, [own]),
        ({"scope": ("swarm",)}, []),
    ]:
        assert filters.keep_networks(rows, query(**words), names) == kept, words


def test_volumes(names):
    rows = [
        {"Name": "data", "Driver": "local", "Labels": None},
        {"Name": "other", "Driver": "local", "Labels": {"a": ""}},
    ]
    assert filters.keep_volumes(rows, query(dangling=("true",)), names, {"data"}) == [rows[1]]
    assert filters.keep_volumes(rows, query(dangling=("0",)), names, {"data"}) == [rows[0]]
    assert filters.keep_volumes(rows, query(name=("dat",)), names, set()) == [rows[0]]
    assert filters.keep_volumes(rows, query(label=("a",)), names, set()) == [rows[1]]
    with pytest.raises(Refusal):
        filters.keep_volumes(rows, query(dangling=("perhaps",)), names, set())


IMAGES = [
    {"Id": OWN, "RepoTags": ["shop:1", "me/shop:2"], "RepoDigests": [], "Created": 20, "Labels": {"a": "b"}},
    {"Id": BASE, "RepoTags": ["course/busybox:latest"], "RepoDigests": [], "Created": 10, "Labels": None},
    {"Id": "sha256:x", "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Created": 30, "Labels": None},
]


@pytest.mark.parametrize(
    "asked, tags",
    [
        (query(), [["shop:1", "me/shop:2"], ["course/busybox:latest"], ["<none>:<none>"]]),
        (query(reference=("shop",)), [["shop:1"]]),
        (query(reference=("shop:1",)), [["shop:1"]]),
        (query(reference=("*/*",)), [["me/shop:2"], ["course/busybox:latest"]]),
        (query(reference=("*",)), [["shop:1"]]),
        (query(reference=("sh[a-n]?",)), []),
        (query(reference=("sh[a-o]p:?",)), [["shop:1"]]),
        (Query({"filter": "me/shop"}), [["me/shop:2"]]),
        (query(dangling=("true",)), [["<none>:<none>"]]),
        (query(dangling=("false",)), [["shop:1", "me/shop:2"], ["course/busybox:latest"]]),
        (query(label=("a=b",)), [["shop:1", "me/shop:2"]]),
        (query(since=("course/busybox",)), [["shop:1", "me/shop:2"], ["<none>:<none>"]]),
        (query(before=("shop:1",)), [["course/busybox:latest"]]),
    ],
)
def test_images(asked, tags, names):
    assert [row["RepoTags"] for row in filters.keep_images(IMAGES, asked, names)] == tags


def test_before_a_foreign_image_is_unknown(names):
    with pytest.raises(Refusal) as refused:
        filters.keep_images(IMAGES, query(before=("victim",)), names)
    assert refused.value.status == 404


STARTED = {
    "Type": "container", "Action": "exec_create: sh -c id", "scope": "local",
    "Actor": {"ID": WEB, "Attributes": {"name": "web", "image": "shop:1", "a": "b"}},
}  # fmt: skip
CONNECTED = {
    "Type": "network",
    "Action": "connect",
    "Actor": {"ID": SHOP_NET, "Attributes": {"name": "net1", "container": WEB}},
}
TAGGED = {"Type": "image", "Action": "tag", "Actor": {"ID": OWN, "Attributes": {"name": "shop:1"}}}


@pytest.mark.parametrize(
    "event, words, kept",
    [
        (STARTED, {}, True),
        (STARTED, {"type": ("container", "image")}, True),
        (STARTED, {"type": ("image",)}, False),
        (STARTED, {"event": ("exec_create",)}, True),
        (STARTED, {"event": ("exec",)}, False),
        (STARTED, {"container": ("web",)}, True),
        (STARTED, {"container": (WEB[:12],)}, True),
        (STARTED, {"container": ("db",)}, False),
        (STARTED, {"image": ("shop:1",)}, True),
        (STARTED, {"image": ("shop",)}, True),
        (STARTED, {"image": ("sho",)}, False),
        (STARTED, {"label": ("a=b",)}, True),
        (STARTED, {"label": ("a=c",)}, False),
        (STARTED, {"scope": ("swarm",)}, False),
        (STARTED, {"network": ("net1",)}, False),
        (STARTED, {"daemon": ("x",)}, False),
        (CONNECTED, {"network": ("net1",)}, True),
        (CONNECTED, {"container": (WEB,)}, True),
        (CONNECTED, {"volume": ("net1",)}, False),
        (TAGGED, {"image": ("shop",)}, True),
        (TAGGED, {"type": ("image",), "event": ("tag",)}, True),
    ],
)
def test_events(event, words, kept, names):
    assert filters.keep_event(event, query(**words), names) is kept
