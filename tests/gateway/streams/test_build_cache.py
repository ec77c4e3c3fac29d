"""What `cachefrom` does on the engine: own layers are taken again, another session's never."""

from __future__ import annotations

import json

import pytest
from stream_bench import Bench, pack

from course.gateway.policy.build import NEVER_CACHED

DOCKERFILE = pack(("Dockerfile", b"FROM course/busybox\nRUN cat /proc/sys/kernel/random/uuid > /id\nRUN echo b > /b"))


def build(bench: Bench, *cachefrom: str) -> tuple[str, str]:
    return bench.build(DOCKERFILE, cachefrom=json.dumps(list(cachefrom)))


def test_own_layers_are_taken_again(each_bench: Bench) -> None:
    first, _ = build(each_bench, NEVER_CACHED)
    again, text = build(each_bench, first)
    assert (again, text.count("Using cache")) == (first, 2)


def test_layers_of_another_session_are_not_taken(each_bench: Bench) -> None:
    """GATEWAY.md, 23: without this, a learner can plant a layer in another one's build."""
    theirs, _ = build(each_bench, NEVER_CACHED)
    mine = each_bench.own_image(each_bench.own, "mine", "FROM course/busybox\nRUN echo else")
    base = each_bench.own.image("course/busybox")
    for sources in ([NEVER_CACHED], [base, mine]):
        image, text = build(each_bench, *sources)
        assert "Using cache" not in text, sources
        assert image != theirs


def test_an_empty_list_would_open_the_cache_of_everybody(bench: Bench) -> None:
    theirs, _ = build(bench, NEVER_CACHED)
    assert build(bench)[0] == theirs


@pytest.mark.parametrize("tagged", [False, True])
def test_an_intermediate_layer_of_an_own_image_is_taken(bench: Bench, tagged: bool) -> None:
    """By id, and by a tag such as the hold tag."""
    first, _ = build(bench, NEVER_CACHED)
    if tagged:
        bench.client.api.tag(first, "slipway.invalid/a00000000001/hold", "1")
    source = "slipway.invalid/a00000000001/hold:1" if tagged else first
    changed = pack(("Dockerfile", b"FROM course/busybox\nRUN cat /proc/sys/kernel/random/uuid > /id\nRUN echo c > /b"))
    _, text = bench.build(changed, cachefrom=json.dumps([source]))
    assert text.count("Using cache") == 1
