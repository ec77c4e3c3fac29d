"""Tars are read as they are, and written anew without anything that was not parsed."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_bench import feed, gather, pack, run, special

from course.gateway.policy.refusal import Refusal
from course.gateway.streams.member import END, Member, clean_name, header, padding
from course.gateway.streams.source import joined
from course.gateway.streams.tar import Caps, TarReader

CAPS = Caps("the archive", 64 * 1024 * 1024, 100, "archive")
NAMES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=300)


async def read(data: bytes, caps: Caps = CAPS, piece: int = 700) -> list[tuple[Member, bytes]]:
    reader = TarReader(feed(data, piece), caps)
    return [(member, await reader.read(caps.size)) async for member in reader.members()]


def refusal(data: bytes, caps: Caps = CAPS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        run(read(data, caps))
    return caught.value


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_of_each_format_are_read(format: int) -> None:
    long = "d/" * 40 + "x" * 90
    if format != tarfile.USTAR_FORMAT:
        long *= 3
    data = pack(("a", b"1" * 513), special("l", tarfile.SYMTYPE, "a"), (long, b""), format=format)

    found = run(read(data))

    assert [(one.name, one.kind, one.link) for one, _ in found] == [
        ("a", "file", ""),
        ("l", "symlink", "a"),
        (long, "file", ""),
    ]
    assert found[0][1] == b"1" * 513


def test_a_member_whose_content_nobody_reads_is_passed_over() -> None:
    async def names() -> list[str]:
        reader = TarReader(feed(pack(("a", b"1" * 5000), ("b", b"2"))), CAPS)
        return [member.name async for member in reader.members()]

    assert run(names()) == ["a", "b"]


@settings(max_examples=150, deadline=None)
@given(NAMES, st.binary(max_size=3000), st.integers(0, 0o7777), st.integers(0, 2**31 - 1), st.integers(0, 2**33))
def test_what_is_written_is_read_again(name: str, content: bytes, mode: int, uid: int, mtime: int) -> None:
    member = Member(name.rstrip("/") or "x", "file", len(content), mode, uid, uid, float(mtime))

    data = header(member) + content + padding(len(content)) + END

    assert run(read(data)) == [(member, content)]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (again,) = archive.getmembers()
        assert (again.name, again.mode, again.uid, again.mtime) == (member.name, mode, uid, mtime)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_broken_archives_are_refused_and_nothing_else(data: st.DataObject) -> None:
    archive = bytearray(pack(("a", b"1" * 600), special("l", tarfile.LNKTYPE, "a"), ("n" * 300, b"2")))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(archive)))
    try:
        run(read(bytes(archive[:cut])))
    except Refusal as refused:
        assert refused.status in (400, 403, 413)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_noise_is_refused_or_holds_nothing(noise: bytes) -> None:
    try:
        assert run(read(noise)) == []
    except Refusal as refused:
        assert refused.status == 400


def test_an_archive_that_ends_inside_a_member_is_refused() -> None:
    assert refusal(pack(("a", b"1" * 2000))[:1500]).status == 400


def test_an_archive_may_end_without_padding_and_end_mark() -> None:
    """The CLI's `docker build -f - .` sends such a context."""
    assert [content for _, content in run(read(pack(("a", b"1" * 600))[: 512 + 600]))] == [b"1" * 600]


def test_sparse_members_are_refused() -> None:
    info = tarfile.TarInfo("s")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999"}
    assert "sparse" in refusal(pack(info)).message


def test_a_global_header_does_not_rename_what_follows() -> None:
    """Go's archive/tar does not apply it either; tarfile would."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "Dockerfile"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("x"))

    assert [member.name for member, _ in run(read(buffer.getvalue()))] == ["x"]


@pytest.mark.parametrize(
    "record", [b"12 path=a\n", b"9 path=a\nx", b"-9 path=a\n", b"9 pathxxa\n", b"99999999 path=a\n"]
)
def test_malformed_pax_records_are_refused(record: bytes) -> None:
    info = tarfile.TarInfo("h")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    data = info.tobuf(tarfile.USTAR_FORMAT) + record + padding(len(record)) + pack(("a", b""))
    assert refusal(data).status == 400


def test_a_negative_size_is_refused() -> None:
    info = tarfile.TarInfo("a")
    info.size = -512
    assert refusal(info.tobuf(tarfile.GNU_FORMAT) + END).status == 400


def test_the_caps_on_size_and_members_name_their_quota() -> None:
    many = pack(*[(f"{number}", b"") for number in range(101)])
    assert "tar_members" in refusal(many).message
    large = refusal(pack(("a", b"1" * 5000)), Caps("the archive", 4096, 10, "archive"))
    assert (large.status, "the quota archive" in large.message) == (413, True)
    claimed = tarfile.TarInfo("a")
    claimed.size = 2**40  # refused at the header, before the content comes
    assert refusal(claimed.tobuf(tarfile.GNU_FORMAT)).status == 413


def test_a_name_that_is_no_utf8_keeps_its_bytes() -> None:
    info = tarfile.TarInfo("caf\udce9")
    data = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + END
    ((member, _),) = run(read(data))
    assert b"caf\xe9" in header(member)


@pytest.mark.parametrize(
    ("name", "clean"), [("./a", "a"), ("a//b/./c/", "a/b/c"), ("/etc", "etc"), ("./", ""), ("", "")]
)
def test_names_have_one_spelling(name: str, clean: str) -> None:
    assert clean_name(name, "the archive") == clean


@pytest.mark.parametrize("name", ["../a", "x/../Dockerfile", "a/..", "/.."])
def test_names_with_dot_dot_are_refused(name: str) -> None:
    with pytest.raises(Refusal):
        clean_name(name, "the archive")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50)), st.integers(1, 100))
def test_joined_pieces_hold_the_same_bytes(pieces: list[bytes], least: int) -> None:
    async def source():  # type: ignore[no-untyped-def]
        for piece in pieces:
            yield piece

    assert run(gather(joined(source(), least))) == b"".join(pieces)
