"""An archive that was damaged, or made to confuse, is refused or read; nothing else happens."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopes import open_scope
from stream_bench import feed, gather, pack, run, special

from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import read_context, rewrite_load

LAYER = pack(("file", b"1" * 70_000))
CONFIG = json.dumps({"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}).encode()
MANIFEST = json.dumps([{"Config": "c.json", "RepoTags": ["shop:1"], "Layers": ["a/layer.tar"]}]).encode()
LOAD = pack(("a/layer.tar", LAYER), ("c.json", CONFIG), ("manifest.json", MANIFEST), ("repositories", b"{}"))
CONTEXT = pack(
    ("Dockerfile", b"FROM course/busybox\nADD a.gz /\nCOPY . /x\n"),
    ("a.gz", gzip.compress(LAYER)),
    (".dockerignore", b"*.x"),
    special("l", tarfile.LNKTYPE, "Dockerfile"),
    special("s", tarfile.SYMTYPE, "a.gz"),
)
MUTATIONS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 600)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def one_scope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scope]:
    folder: Path = tmp_path_factory.mktemp("scope")
    with open_scope(folder, "a00000000001") as one:
        yield one


def damaged(data: bytes, mutations: list[tuple[float, bytes, int]]) -> bytes:
    """Bytes replaced, removed or moved; the checksums of headers are right again, so that the damage is looked at."""
    broken = bytearray(data)
    for place, replacement, removed in mutations:
        at = int(place * len(broken))
        broken[at : at + (removed if removed > 500 else len(replacement))] = replacement
    for at in range(0, len(broken) - 511, 512):
        if broken[at + 257 : at + 262] == b"ustar":
            broken[at + 148 : at + 156] = b" " * 8
            broken[at + 148 : at + 156] = b"%06o\0 " % sum(broken[at : at + 512])
    return bytes(broken)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS)
def test_a_damaged_image_archive_is_never_loaded(one_scope: Scope, mutations: list[tuple[float, bytes, int]]) -> None:
    """Its one layer is not what the config says, and no damage makes it so."""
    with pytest.raises(Refusal) as caught:
        run(gather(aiter(rewrite_load(feed(damaged(LOAD, mutations), 5000), names=one_scope))))
    assert caught.value.status in (400, 403, 413)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS)
def test_a_damaged_context_is_refused_or_clean(one_scope: Scope, mutations: list[tuple[float, bytes, int]]) -> None:
    async def config(image_id: str) -> Mapping[str, Any]:
        return {}

    async def work() -> bytes:
        body = feed(damaged(CONTEXT, mutations), 5000)
        with await read_context(body, dockerfile="", names=one_scope, base_config=config) as context:
            return await gather(context.chunks())

    try:
        output = run(work())
    except Refusal as refused:
        assert refused.status in (400, 403, 404, 413, 500)
        return
    with tarfile.open(fileobj=io.BytesIO(output)) as archive:
        names = archive.getnames()
        assert len(set(names)) == len(names)
        assert not any(".." in name.split("/") or name.startswith("/") for name in names)
        recipe = archive.extractfile(names[-1])
        assert recipe is not None
        assert all(line.split()[1].startswith(b"sha256:") for line in recipe if line.upper().startswith(b"FROM"))
