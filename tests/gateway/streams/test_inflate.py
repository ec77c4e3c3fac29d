"""Compressed bodies are inflated as the engine does it, and bombs are stopped at the quota."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_bench import feed, gather, run

from course.gateway.policy.refusal import Refusal
from course.gateway.streams.inflate import inflated

MIB = 1024 * 1024
PACK = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def inflate(data: bytes, piece: int = 1000, **options: Any) -> bytes:
    values = {"what": "the build context", "size": 64 * MIB, "quota": "build_context", "ratio": 200} | options
    return run(gather(inflated(feed(data, piece), **values)))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.lists(st.binary(max_size=2000), min_size=1, max_size=3), st.integers(1, 3000))
def test_streams_that_follow_each_other_are_one_body(kind: str, parts: list[bytes], piece: int) -> None:
    assert inflate(b"".join(map(PACK[kind], parts)), piece) == b"".join(parts)


@pytest.mark.parametrize("kind", PACK)
def test_a_large_body_comes_out_whole(kind: str) -> None:
    data = bytes(range(256)) * 4096 + b"end"
    assert inflate(PACK[kind](data), 512) == data


@given(st.binary(max_size=100).filter(lambda data: not data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7z", b"\x28\xb5"))))
def test_a_plain_body_passes_as_it_is(data: bytes) -> None:
    assert inflate(data, 3) == data


@pytest.mark.parametrize("kind", PACK)
def test_a_body_that_breaks_off_is_refused(kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        inflate(PACK[kind](bytes(range(256)) * 100)[:-9])
    assert caught.value.status == 400


@pytest.mark.parametrize("kind", PACK)
def test_noise_behind_the_magic_is_refused(kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        inflate(PACK[kind](b"x" * 50)[:12] + b"noise" * 100)
    assert caught.value.status == 400


def test_a_bomb_is_stopped_by_the_ratio_and_by_the_size() -> None:
    """A137."""
    bomb = zlib.compress(bytes(100 * MIB), 9, 31)
    assert len(bomb) < MIB
    with pytest.raises(Refusal, match="inflate_ratio") as by_ratio:
        inflate(bomb, 512, size=1024 * MIB)
    with pytest.raises(Refusal, match="the quota build_context, 8 MiB") as by_size:
        inflate(bomb, 512, size=8 * MIB)
    assert (by_ratio.value.status, by_size.value.status) == (413, 413)


def test_a_bomb_inside_bzip2_is_stopped_too() -> None:
    with pytest.raises(Refusal) as caught:
        inflate(bz2.compress(bytes(40 * MIB)), size=8 * MIB)
    assert caught.value.status == 413


def test_compressions_that_are_not_allowed_are_refused_before_they_are_inflated() -> None:
    for data in (*(pack(b"") for pack in PACK.values()), b"\x28\xb5\x2f\xfdzstd"):
        with pytest.raises(Refusal, match="compressed with"):
            inflate(data, allowed=())
