"""Image references: read as the engine reads them, and carried to the engine's names and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_names import SID

from course.gateway.policy.reference import check_writable, from_engine, hold_tag, is_base, parse, to_engine
from course.gateway.policy.refusal import Refusal

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "text, familiar, engine",
    [
        ("shop", "shop:latest", "d/shop:latest"),
        ("shop:1", "shop:1", "d/shop:1"),
        ("library/shop", "shop:latest", "d/shop:latest"),
        ("docker.io/library/shop:1", "shop:1", "d/shop:1"),
        ("docker.io/shop:1", "shop:1", "d/shop:1"),
        ("index.docker.io/me/shop", "me/shop:latest", "d/me/shop:latest"),
        ("me/shop", "me/shop:latest", "d/me/shop:latest"),
        ("library/me/shop", "library/me/shop:latest", "d/library/me/shop:latest"),
        ("localhost/shop", "localhost/shop:latest", "h/localhost/shop:latest"),
        ("localhost:5000/shop:1", "localhost:5000/shop:1", "h/localhost__5000/shop:1"),
        ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b:1", "h/127.0.0.1__5000/a/b:1"),
        ("LOCALHOST:5000/shop", "localhost:5000/shop:latest", "h/localhost__5000/shop:latest"),
        ("reg.example/a_b/c--d:V1.0_x", "reg.example/a_b/c--d:V1.0_x", "h/reg.example/a_b/c--d:V1.0_x"),
        (f"shop@{DIGEST}", f"shop@{DIGEST}", f"d/shop@{DIGEST}"),
        (f"shop:1@{DIGEST}", f"shop:1@{DIGEST}", f"d/shop:1@{DIGEST}"),
        ("slipway.invalid/x/d/shop:1", "slipway.invalid/x/d/shop:1", "h/slipway.invalid/x/d/shop:1"),
    ],
)
def test_a_reference_has_one_familiar_form_and_one_engine_form(text, familiar, engine):
    assert parse(text).familiar() == familiar
    assert to_engine(SID, text) == f"slipway.invalid/{SID}/{engine}"
    assert from_engine(SID, to_engine(SID, text)) == familiar


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "@", "shop:", "Shop", "shop:-x", "shop:" + "x" * 129, "a//b", "/a", "a/", "a..b", "a___b", "-a", "a b",
        "shop@sha256:abc", f"shop@md5:{'a' * 64}", "a" * 64, "a" * 256, "a/" * 200 + "a", "shop\n", "shop:1\n", "shöp",
        "docker.io/localhost/x", "docker.io/a.b/c", "docker.io/", "[::1]:5000/x", "localhost:/x", "localhost:x/y",
        "a:b:c", "../x", "a/../b", "sha256:abc/def",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(Refusal) as refused:
        parse(text)
    assert refused.value.status == 400


@pytest.mark.parametrize("text", ["course/busybox", "course/busybox:latest", "docker.io/course/node:x"])
def test_a_base_name_is_itself_and_cannot_be_written(text):
    ref = parse(text)
    assert is_base(ref)
    assert to_engine(SID, text) == ref.familiar() == from_engine(SID, ref.familiar())
    with pytest.raises(Refusal) as refused:
        check_writable(ref)
    assert refused.value.status == 403


@pytest.mark.parametrize("text", ["course/busybox2", "busybox", "localhost:5000/course/busybox", "course/busybox/x"])
def test_a_name_like_a_base_name_is_an_ordinary_one(text):
    ref = check_writable(parse(text))
    assert not is_base(ref)
    assert to_engine(SID, ref).startswith(f"slipway.invalid/{SID}/")


def test_a_name_in_the_engines_form_cannot_be_given():
    for text in (f"slipway.invalid/{SID}/d/shop:1", "slipway.invalid/b0b1c2d3e4f5/d/shop:1", "SLIPWAY.invalid/x"):
        with pytest.raises(Refusal) as refused:
            check_writable(parse(text))
        assert refused.value.status == 403


def test_a_new_name_has_no_digest_and_is_not_too_long():
    for text in (f"shop@{DIGEST}", "a" * 240):
        with pytest.raises(Refusal) as refused:
            check_writable(parse(text))
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "engine",
    [
        "slipway.invalid/b0b1c2d3e4f5/d/shop:1",
        f"slipway.invalid/{SID}/hold:abc",
        f"slipway.invalid/{SID}/d/",
        f"slipway.invalid/{SID}",
        f"slipway.invalid/{SID}x/d/shop:1",
        "ubuntu:22.04",
        "<none>:<none>",
        "course/busybox2:latest",
    ],
)
def test_a_foreign_name_and_a_hold_tag_are_nothing(engine):
    assert from_engine(SID, engine) is None


def test_a_hold_tag_is_a_valid_reference_of_the_engine():
    assert hold_tag(SID, DIGEST) == f"slipway.invalid/{SID}/hold:{'a' * 32}"
    parse(hold_tag(SID, DIGEST))


PART = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}", fullmatch=True)
HOST = st.sampled_from(["", "localhost/", "localhost:5000/", "127.0.0.1:1/", "a.b-c.d/", "docker.io/"])
NAMES = st.builds(
    lambda host, parts, tag: host + "/".join(parts) + tag,
    HOST,
    st.lists(PART, min_size=1, max_size=3),
    st.sampled_from(["", ":1", ":A_b.c-d", f"@{DIGEST}"]),
)


@given(NAMES)
def test_every_reference_comes_back_as_it_went(text):
    try:
        ref = parse(text)
    except Refusal:  # docker.io/a.b/c: two names would be shown as one
        return
    assert parse(ref.familiar()) == ref
    engine = to_engine(SID, ref)
    if not is_base(ref):
        assert engine.startswith(f"slipway.invalid/{SID}/")
        assert re.fullmatch(r"[a-z0-9./_-]+(:[\w.-]+|@sha256:[0-9a-f]{64})", engine)
        assert parse(engine).familiar() == engine  # the engine takes it, and keeps it as it is
    assert from_engine(SID, engine) == ref.familiar()


@given(NAMES, NAMES)
def test_two_references_never_meet_on_the_engine(one, two):
    try:
        first, second = parse(one), parse(two)
    except Refusal:
        return
    assert (to_engine(SID, first) == to_engine(SID, second)) == (first == second)


@given(st.text(max_size=30))
def test_any_text_is_a_reference_or_refused(text):
    try:
        ref = parse(text)
    except Refusal as refused:
        assert refused.status == 400
    else:
        assert parse(ref.familiar()) == ref
