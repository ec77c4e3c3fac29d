"""What is copied into a container is a plain tar, written anew."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from stream_bench import Bench, feed, gather, pack, run, special, unpack

from course.gateway.policy.limits import CLASS
from course.gateway.policy.refusal import Refusal
from course.gateway.streams import rewrite_put_archive

LIMITS = CLASS.limits


def rewrite(data: bytes, limits: object = LIMITS) -> bytes:
    return run(gather(rewrite_put_archive(feed(data), limits=limits)))  # type: ignore[arg-type]


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        rewrite(data)
    return caught.value


def test_files_folders_and_links_pass() -> None:
    data = pack(("a/b", b"1"), special("d", tarfile.DIRTYPE), special("s", tarfile.SYMTYPE, "../etc/x"))
    assert unpack(rewrite(data)) == {"a/b": b"1", "d": "dir", "s": "../etc/x"}


@pytest.mark.parametrize("compress", [lzma.compress, gzip.compress, bz2.compress])
def test_a_compressed_archive_reaches_the_engine_plain(compress: Callable[[bytes], bytes]) -> None:
    """A037: an older engine may run the container's own xz or unpigz as root of the host."""
    plain = pack(("a/b", b"1"), ("big", b"0123456789" * 100_000))
    assert rewrite(compress(plain)) == rewrite(plain)


def test_zstd_is_refused_in_words() -> None:
    refused = refusal(b"\x28\xb5\x2f\xfd" + bytes(600))
    assert (refused.status, "zstd" in refused.message, "gzip" in refused.message) == (403, True, True)


@pytest.mark.parametrize("compress", [lzma.compress, gzip.compress, bz2.compress])
def test_a_bomb_is_refused(compress: Callable[[bytes], bytes]) -> None:
    assert refusal(compress(pack(("bomb", bytes(60_000_000))))).status == 413


@pytest.mark.parametrize(
    "data",
    [gzip.compress(bytes(10)), lzma.compress(b""), gzip.compress(pack(("a", b"b")))[:-9]],
    ids=["zeros", "nothing", "cut off"],  # gzip writes the time, and workers must agree on the ids
)
def test_what_is_no_whole_tar_inside_is_refused(data: bytes) -> None:
    assert refusal(data).status == 400


@pytest.mark.parametrize("kind", [tarfile.BLKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_devices_and_fifos_are_refused(kind: bytes) -> None:
    assert refusal(pack(special("x", kind))).status == 403


@pytest.mark.parametrize("entry", [("../x", b""), ("a/../../x", b"")])
def test_a_way_out_of_the_folder_is_refused(entry: tuple[str, bytes]) -> None:
    assert refusal(pack(entry)).status == 403
    assert refusal(pack(("a", b""), special("l", tarfile.LNKTYPE, entry[0]))).status == 403


def test_setuid_and_setgid_bits_are_dropped() -> None:
    with tarfile.open(fileobj=io.BytesIO(rewrite(pack(special("x", tarfile.REGTYPE, mode=0o6755))))) as archive:
        assert archive.getmember("x").mode == 0o755


def test_extended_attributes_are_dropped() -> None:
    info = tarfile.TarInfo("x")
    info.pax_headers = {"SCHILY.xattr.security.capability": "\x01\x00\x00\x02"}
    assert b"SCHILY" not in rewrite(pack(info))


def test_an_archive_past_its_quota_is_refused() -> None:
    small = replace(LIMITS, archive=100_000)
    with pytest.raises(Refusal, match="quota archive") as caught:
        rewrite(pack(("a", b"1" * 200_000)), small)
    assert caught.value.status == 413


def test_the_engine_unpacks_what_was_written(each_bench: Bench) -> None:
    name = "n" * 120 + "/é.txt"
    data = rewrite(pack((name, b"content"), ("/top", b"2"), special("l", tarfile.SYMTYPE, "top")))
    box = each_bench.client.containers.create("course/busybox", ["true"])
    try:
        assert box.put_archive("/", data)
        pieces, _ = box.get_archive(f"/{name}")
        assert unpack(b"".join(pieces)) == {"é.txt": b"content"}
        assert unpack(b"".join(box.get_archive("/l")[0])) == {"l": "top"}
    finally:
        box.remove(force=True)
