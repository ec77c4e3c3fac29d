"""What the engine will unpack by itself is counted before it is given to the engine."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_bench import feed, gather, pack, run, special, unpack

from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import read_context
from course.gateway.streams.member import END
from course.gateway.streams.unpacking import INODE, Unpacking, may_be_archive

MIB = 1024 * 1024


def counted(data: bytes, piece: int = 700) -> int:
    total = 0

    def count(size: int) -> None:
        nonlocal total
        total += size

    unpacking = Unpacking("the file", data[:512], count)
    for at in range(0, len(data), piece):
        unpacking.feed(data[at : at + piece])
    return total


def claiming(claim: int, kind: bytes = tarfile.REGTYPE, name: str = "big", **records: str) -> bytes:
    """The header of a member that claims a size, with nothing behind it."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.pax_headers = kind, claim, records
    return info.tobuf(tarfile.PAX_FORMAT if records else tarfile.GNU_FORMAT)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200),
            st.binary(max_size=2000),
        ),
        max_size=5,
    ),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 3000),
)
def test_files_count_with_their_content(files: list[tuple[str, bytes]], format: int, piece: int) -> None:
    assert counted(pack(*files, format=format), piece) == sum(INODE + len(content) for _, content in files)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_archives_are_looked_into(compress: Any) -> None:
    data = compress(pack(("a", b"1" * 5000), special("l", tarfile.SYMTYPE, "a")))
    assert may_be_archive(data[:512])
    assert counted(data, 64) == 5000 + 2 * INODE


def test_a_claim_counts_before_its_bytes_come() -> None:
    assert counted(claiming(2**40)) == 2**40 + INODE
    assert counted(claiming(0, size=str(2**50))) == 2**50 + INODE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(claiming(0, tarfile.GNUTYPE_SPARSE), id="GNU sparse"),
        pytest.param(claiming(0, **{"GNU.sparse.realsize": "9999999999"}), id="PAX sparse"),
        pytest.param(claiming(0, size="+12"), id="a size that Go may read"),
        pytest.param(claiming(512, tarfile.AREGTYPE, "d/"), id="file or folder"),
        pytest.param(
            claiming(9, tarfile.GNUTYPE_LONGNAME) + bytes(512) + claiming(512, tarfile.AREGTYPE), id="long name"
        ),
        pytest.param(b"\x28\xb5\x2f\xfd" + bytes(600), id="zstd"),
    ],
)
def test_what_cannot_be_counted_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        counted(data)
    assert caught.value.status == 403


def test_a_header_that_only_go_reads_is_one() -> None:
    """Go does not look at the device numbers of an old header; tarfile fails on noise in them."""
    block = bytearray(claiming(2**33))
    block[257:500] = b"z" * 243
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(tarfile.HeaderError):
        tarfile.TarInfo.frombuf(bytes(block), "utf-8", "surrogateescape")
    assert may_be_archive(bytes(block))
    assert counted(bytes(block)) == 2**33 + INODE


@given(st.binary(max_size=2000))
def test_noise_is_no_archive(data: bytes) -> None:
    assert not may_be_archive(b"noise" + data)


# ---- ADD in a build


async def no_config(image_id: str) -> Mapping[str, Any]:
    return {}


def build(scope: Scope, dockerfile: bytes, content: bytes, triggers: tuple[str, ...] = ()) -> None:
    async def config(image_id: str) -> Mapping[str, Any]:
        return {"OnBuild": list(triggers)}

    async def work() -> bytes:
        body = feed(pack(("Dockerfile", dockerfile), ("data", content), ("other", b"")))
        with await read_context(body, dockerfile="", names=scope, base_config=config) as context:
            return await gather(context.chunks())

    assert unpack(run(work()))["data"] == content


FROM = b"FROM course/busybox\n"
BOMBS = {
    "gzip of zeros": gzip.compress(claiming(300 * MIB) + bytes(MIB)),
    "many empty files": gzip.compress(pack(("a", b""))[:512] * 70_000),
    "a sparse tar": claiming(0, **{"GNU.sparse.realsize": "9999999999"}) + END,
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(600),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_for_add_is_refused(scope: Scope, bomb: str) -> None:
    """A137: the daemon would unpack it onto the disk, outside every limit."""
    for dockerfile, triggers in ((b"ADD data /\n", ()), (b"ONBUILD ADD data /\n", ()), (b"", ("ADD data /",))):
        with pytest.raises(Refusal) as caught:
            build(scope, FROM + dockerfile, BOMBS[bomb], triggers)
        assert caught.value.status in (403, 413)


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_only_copied_may_be_any_file(scope: Scope, bomb: str) -> None:
    build(scope, FROM + b"COPY data /\n", BOMBS[bomb])


@pytest.mark.parametrize(
    "content", [b"text", b"BZ is a text too", pack(("a", b"1")), gzip.compress(b"no tar inside", mtime=0), bytes(600)]
)
def test_honest_files_for_add_pass(scope: Scope, content: bytes) -> None:
    build(scope, FROM + b"ADD data other /x/\n", content)
