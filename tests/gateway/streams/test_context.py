"""A build context is read whole and rebuilt: one Dockerfile, one spelling of each name, nothing behind a link."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_bench import Entry, feed, gather, pack, run, special, unpack

from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import read_context
from course.gateway.streams.context import ENGINE_DOCKERFILE
from course.gateway.streams.ignore import ignores

FROM = b"FROM course/busybox\n"


async def no_config(image_id: str) -> Mapping[str, Any]:
    return {}


def rewrite(scope: Scope, data: bytes, dockerfile: str = "") -> dict[str, bytes | str]:
    async def work() -> bytes:
        body = feed(data, 1000)
        with await read_context(body, dockerfile=dockerfile, names=scope, base_config=no_config) as context:
            assert context.dockerfile == ENGINE_DOCKERFILE
            tar = await gather(context.chunks())
            assert len(tar) == context.size
        assert context.spool.closed
        return tar

    tar = run(work())
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert names[-1] == ENGINE_DOCKERFILE
    return unpack(tar)


def refusal(scope: Scope, *entries: Entry, dockerfile: str = "") -> Refusal:
    with pytest.raises(Refusal) as caught:
        rewrite(scope, pack(*entries), dockerfile)
    return caught.value


def test_the_context_is_kept_and_the_engines_dockerfile_comes_last(scope: Scope) -> None:
    found = rewrite(scope, pack(("app/a", b"1"), ("Dockerfile", FROM), special("d", tarfile.DIRTYPE)))
    assert found == {
        "app/a": b"1",
        "d": "dir",
        "Dockerfile": FROM,
        ".dockerignore": b".dockerignore\n.slipway.dockerfile\n",
        ENGINE_DOCKERFILE: b"FROM sha256:" + b"0" * 64 + b"\n",
    }


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_contexts_are_read_whatever_the_headers_say(scope: Scope, compress: Any) -> None:
    assert rewrite(scope, compress(pack(("Dockerfile", FROM))))["Dockerfile"] == FROM


def test_the_dockerfile_may_have_another_path_and_comes_before_or_after(scope: Scope) -> None:
    hostile = ("Dockerfile", b"FROM victim\n")  # not the one that is asked for: a file like any other
    for entries in ((hostile, ("sub/D", FROM)), (("sub/D", FROM), hostile)):
        found = rewrite(scope, pack(*entries), "sub/D")
        assert found[ENGINE_DOCKERFILE] == b"FROM sha256:" + b"0" * 64 + b"\n"
        assert found["Dockerfile"] == b"FROM victim\n"


def test_dockerfile_in_lower_case_is_taken_when_there_is_no_other(scope: Scope) -> None:
    """builder/remotecontext/detect.go does so: unchecked, it would be a way round the rules."""
    assert ENGINE_DOCKERFILE in rewrite(scope, pack(("dockerfile", FROM)))
    assert refusal(scope, ("dockerfile", b"FROM victim")).status == 404
    assert rewrite(scope, pack(("dockerfile", b"FROM victim"), ("Dockerfile", FROM)))["dockerfile"] == b"FROM victim"


def test_a_missing_or_empty_dockerfile_gets_the_engines_words(scope: Scope) -> None:
    missing = refusal(scope, ("a", b""))
    assert (missing.status, missing.message) == (500, "Cannot locate specified Dockerfile: Dockerfile")
    assert refusal(scope, ("a", b""), dockerfile="sub/D").message == "Cannot locate specified Dockerfile: sub/D"
    empty = refusal(scope, ("Dockerfile", b""))
    assert (empty.status, empty.message) == (400, "the Dockerfile (Dockerfile) cannot be empty")


def test_a_dockerignore_stays_and_hides_the_dockerfile_when_it_says_so(scope: Scope) -> None:
    found = rewrite(scope, pack(("Dockerfile", FROM), (".dockerignore", b"*.log")))
    assert found[".dockerignore"] == b"*.log\n.slipway.dockerfile\n"
    assert "Dockerfile" in found
    assert "Dockerfile" not in rewrite(scope, pack(("Dockerfile", FROM), (".dockerignore", b"Docker*")))


def test_hard_links_to_the_dockerfile_become_copies(scope: Scope) -> None:
    found = rewrite(scope, pack(("Dockerfile", FROM), special("copy", tarfile.LNKTYPE, "./Dockerfile"), ("a", b"1")))
    assert found["copy"] == FROM


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([("x/../Dockerfile", b"FROM victim")], id="A077"),
        pytest.param([("./Dockerfile", b"FROM victim")], id="the same file under another spelling"),
        pytest.param([("/Dockerfile", b"FROM victim")], id="absolute"),
        pytest.param([("Dockerfile", b"FROM victim")], id="twice"),
        pytest.param([(".//Dockerfile/", b"FROM victim")], id="slashes"),
        pytest.param([("../Dockerfile", b"")], id="outside"),
        pytest.param([special("d", tarfile.SYMTYPE, "."), ("d/Dockerfile", b"FROM victim")], id="through a link"),
        pytest.param([("d/e/Dockerfile", b"FROM victim"), special("d/e", tarfile.SYMTYPE, "..")], id="link afterwards"),
        pytest.param([("f", b""), ("f/g", b"")], id="below a file"),
        pytest.param([(ENGINE_DOCKERFILE, b"FROM victim")], id="reserved name"),
        pytest.param([("d/.Slipway.Dockerfile", b"FROM victim")], id="reserved name elsewhere"),
        pytest.param([special("n", tarfile.BLKTYPE)], id="device"),
        pytest.param([special("l", tarfile.LNKTYPE, "nowhere")], id="hard link to nothing"),
        pytest.param([special("l", tarfile.LNKTYPE, "../x")], id="hard link outside"),
        pytest.param(
            [special("s", tarfile.SYMTYPE, "/"), special("l", tarfile.LNKTYPE, "s")], id="hard link to a link"
        ),
    ],
)
def test_members_that_could_stand_in_for_others_are_refused(scope: Scope, entries: list[Entry]) -> None:
    for order in ([("Dockerfile", FROM), *entries], [*entries, ("Dockerfile", FROM)]):
        assert refusal(scope, *order).status in (400, 403)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("target", ["docker/dev", "/docker/dev", "./docker/../docker/dev", "../../docker/dev", "hop"])
def test_a_dockerfile_that_is_a_link_is_followed_inside_the_context(scope: Scope, target: str, order: int) -> None:
    entries = [("docker/dev", FROM), special("hop", tarfile.SYMTYPE, "docker/dev")]
    link = special("Dockerfile", tarfile.SYMTYPE, target)
    found = rewrite(scope, pack(*[*entries, link][::order]))
    assert found["Dockerfile"] == target  # COPY gives the image the link
    assert found["docker/dev"] == FROM
    assert found[ENGINE_DOCKERFILE].startswith(b"FROM sha256:")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "links",
    [
        {"Dockerfile": "nowhere"},
        {"Dockerfile": "Dockerfile"},
        {"Dockerfile": "a", "a": "Dockerfile"},
        {"Dockerfile": "/etc/passwd"},
    ],
)
def test_a_dockerfile_that_leads_to_no_file_of_the_context_is_refused(scope: Scope, links: dict[str, str]) -> None:
    found = refusal(scope, ("x", FROM), *(special(name, tarfile.SYMTYPE, to) for name, to in links.items()))
    assert (found.status, "leads to no file" in found.message) == (400, True)


def test_a_dockerfile_may_lie_behind_a_folder_that_is_a_link(scope: Scope) -> None:
    data = pack(("real/Dockerfile", FROM), special("d", tarfile.SYMTYPE, "real"))
    assert ENGINE_DOCKERFILE in rewrite(scope, data, "d/Dockerfile")


@pytest.mark.parametrize("name", ["Dockerfile", "dockerfile"])
def test_a_dockerfile_may_be_a_hard_link(scope: Scope, name: str) -> None:
    assert rewrite(scope, pack(("real", FROM), special(name, tarfile.LNKTYPE, "real")))[name] == FROM


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_dockerignore_that_is_a_link_counts(scope: Scope, kind: bytes) -> None:
    found = rewrite(scope, pack(("rules", b"*.log"), ("Dockerfile", FROM), special(".dockerignore", kind, "rules")))
    assert found[".dockerignore"] == b"*.log\n.slipway.dockerfile\n"


def test_a_dockerfile_behind_a_link_is_not_read_past_its_cap(scope: Scope) -> None:
    large = ("large", b"#" * 2_000_000)
    assert refusal(scope, large, special("Dockerfile", tarfile.SYMTYPE, "large")).status == 413


def test_a_fifo_is_left_out_and_links_to_nowhere_are_kept(scope: Scope) -> None:
    """The engine would wait for ever for a fifo that COPY names."""
    links = special("gone", tarfile.SYMTYPE, "/no/such/file"), special("loop", tarfile.SYMTYPE, "loop")
    data = pack(("Dockerfile", FROM), special("pipe", tarfile.FIFOTYPE), *links)

    async def left_out() -> tuple[str, ...]:
        with await read_context(feed(data), dockerfile="", names=scope, base_config=no_config) as context:
            return context.left_out

    assert run(left_out()) == ("pipe",)
    found = rewrite(scope, data)
    assert (found["gone"], found["loop"], "pipe" in found) == ("/no/such/file", "loop", False)


def test_folders_may_be_there_twice(scope: Scope) -> None:
    folder = special("d", tarfile.DIRTYPE)
    assert rewrite(scope, pack(("Dockerfile", FROM), folder, folder, special("./", tarfile.DIRTYPE)))["d"] == "dir"


def test_a_context_past_its_quota_is_refused(scope: Scope) -> None:
    small = replace(scope.policy.limits, build_context=100_000)
    scope.policy = replace(scope.policy, limits=small)
    found = refusal(scope, ("Dockerfile", FROM), ("large", bytes(200_000)))
    assert (found.status, "quota build_context" in found.message) == (413, True)


def test_what_is_no_tar_is_refused(scope: Scope) -> None:
    for body in (b"", b"FROM victim\n" * 100, b"\x28\xb5\x2f\xfd" + bytes(1000)):
        with pytest.raises(Refusal) as caught:
            rewrite(scope, body)
        assert caught.value.status in (400, 403)


# ---- .dockerignore


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("Dockerfile", "Dockerfile", True),
        ("dockerfile", "Dockerfile", False),
        ("*", "Dockerfile", True),
        ("*\n!Dockerfile", "Dockerfile", False),
        ("!Dockerfile\n*", "Dockerfile", True),
        ("**", "a/b", True),
        ("**/b", "a/x/b", True),
        ("**/b", "b", True),
        ("**/b", "xb", False),
        ("a", "a/b", True),
        ("a/", "a/b", True),
        ("/a", "a", True),
        ("*/b", "a/b", True),
        ("*/b", "b", False),
        ("?ockerfile", "Dockerfile", True),
        ("[A-E]ockerfile", "Dockerfile", True),
        ("[^D]ockerfile", "Dockerfile", False),
        ("# Dockerfile", "Dockerfile", False),
        ("Docker\\file", "Dockerfile", True),
        ("D*e*x", "Dockerfile", False),
        ("D*k*e", "Dockerfile", True),
        ("[", "Dockerfile", False),
        ("[[]ockerfile", "[ockerfile", True),
        ("[\\]x]ockerfile", "]ockerfile", True),
        ("", "Dockerfile", False),
    ],
)
def test_patterns_follow_the_rules_of_dockerignore(patterns: str, path: str, ignored: bool) -> None:
    assert ignores(patterns, path) is ignored


@given(st.text(alphabet="*?/a[]^!\\-.\n", max_size=200))
def test_any_pattern_is_read_in_a_moment(patterns: str) -> None:
    assert ignores(patterns, "a" * 100) in (True, False)
