"""Progress output is passed on document by document, in the learner's names; a RUN cannot forge what it tells."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_bench import BUILD, Bench, feed, gather, pack, run

from course.gateway.scope import Scope
from course.gateway.streams import OutputFacts, translate_output
from course.gateway.streams.dockerfile import Step

FULL = "sha256:" + "c" * 64
FOREIGN = "sha256:" + "f" * 64


def translate(
    scope: Scope, documents: list[Any], steps: tuple[Step, ...] = (), piece: int = 9
) -> tuple[list[Any], OutputFacts]:
    facts = OutputFacts()
    raw = b"".join(json.dumps(one).encode() + b"\r\n" for one in documents)
    output = run(gather(translate_output(feed(raw, piece), names=scope, facts=facts, steps=steps)))
    assert output == b"" or output.endswith(b"\r\n")
    return [json.loads(line) for line in output.splitlines()], facts


def said(*lines: str) -> list[dict[str, str]]:
    return [{"stream": line} for line in lines]


def test_names_are_the_learners_and_foreign_ones_are_masked(scope: Scope) -> None:
    output, facts = translate(
        scope,
        [
            {"stream": f"Successfully tagged slipway.invalid/{scope.sid}/d/shop:1\n"},
            {"stream": "Loaded image: slipway.invalid/b00000000002/d/secret:1\n"},
            {"status": "Pushing", "id": "abc", "progressDetail": {"current": 1, "total": 2}, "progress": "[>]"},
            {
                "errorDetail": {"code": 1, "message": f"no slipway.invalid/{scope.sid}/d/x:1"},
                "error": f"no slipway.invalid/{scope.sid}/d/x:1",
            },
        ],
    )
    assert output[0] == {"stream": "Successfully tagged shop:1\n"}
    assert "secret" not in json.dumps(output)
    assert output[2] == {
        "status": "Pushing",
        "id": "abc",
        "progressDetail": {"current": 1, "total": 2},
        "progress": "[>]",
    }
    assert output[3] == {"errorDetail": {"code": 1, "message": "no x:1"}, "error": "no x:1"}
    assert facts.error == "no x:1"


def test_changed_instructions_are_shown_as_they_were_written(scope: Scope) -> None:
    steps = (Step("FROM course/busybox", 1, True), Step("RUN a", 2))
    output, facts = translate(
        scope, said(f"Step 1/3 : FROM {FULL}", "\n", "Step 2/3 : RUN a", "Step 3/3 : LABEL k=v"), steps
    )
    assert [one["stream"] for one in output] == [
        "Step 1/3 : FROM course/busybox",
        "\n",
        "Step 2/3 : RUN a",
        "Step 3/3 : LABEL k=v",
    ]
    assert [fact.text for fact in facts.steps] == ["FROM course/busybox", "RUN a", "LABEL k=v"]


def test_each_document_passes_as_soon_as_it_is_whole(scope: Scope) -> None:
    async def check() -> None:
        asked: list[int] = []

        async def slow() -> AsyncIterator[bytes]:
            for number in range(3):
                asked.append(number)
                yield json.dumps({"stream": str(number)}).encode() + b"\r\n"

        output = translate_output(slow(), names=scope, facts=OutputFacts())
        for number in range(3):
            assert json.loads(await anext(output)) == {"stream": str(number)}
            assert asked == list(range(number + 1))

    run(check())


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_what_is_no_document_is_dropped(pieces: list[bytes]) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def check() -> None:
        names: Any = None  # nothing of these bytes is a name
        async for line in translate_output(body(), names=names, facts=OutputFacts()):
            assert isinstance(json.loads(line), dict)

    run(check())


def test_a_line_without_end_is_dropped_and_the_next_one_read(scope: Scope) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"stream":"'
        for _ in range(10):
            yield b"x" * 1_000_000
        yield b'"}\n{"stream":"after"}\n'

    output = run(gather(translate_output(body(), names=scope, facts=OutputFacts())))
    assert json.loads(output) == {"stream": "after"}


# ---- what it tells


def test_the_image_of_a_build_is_the_last_aux(scope: Scope) -> None:
    _, facts = translate(scope, [{"aux": {"ID": FOREIGN}}, {"aux": {"ID": FULL}}])
    assert facts.image == FULL


def test_a_quiet_build_says_one_thing(scope: Scope) -> None:
    assert translate(scope, said(f"{FULL}\n"))[1].image == FULL
    assert translate(scope, said(f"{FOREIGN}\n", "more"))[1].image == ""


def test_a_push_tells_its_digest_and_a_load_its_images(scope: Scope) -> None:
    _, facts = translate(
        scope, [{"status": f"1: digest: {FULL} size: 527"}, {"aux": {"Tag": "1", "Digest": FULL, "Size": 527}}]
    )
    assert facts.digest == FULL
    _, facts = translate(scope, said("Loaded image: a:1\n", f"Loaded image ID: {FULL}\n"))
    assert facts.loaded == ["a:1", FULL]


RUN = [
    "Step 1/3 : FROM x",
    "\n",
    " ---> 111111111111\n",
    "Step 2/3 : RUN evil",
    "\n",
    " ---> Running in aaaaaaaaaaaa\n",
]
GONE = "Removing intermediate container aaaaaaaaaaaa\n"
NEWER = " ---> Removed intermediate container aaaaaaaaaaaa\n"  # from 23 on


@pytest.mark.parametrize(
    "forged",
    [
        [" ---> ffffffffffff\n"],
        [GONE, " ---> ffffffffffff\n"],
        [GONE, " ---> ffffffffffff\n", "Step 3/3 : RUN b", "\n", " ---> ffffffffffff\n"],
        [GONE, " ---> 222222222222\n", "Step 3/3 : RUN b", " ---> Running in bbbbbbbbbbbb\n", " ---> ffffffffffff\n"],
        [" ---> Using cache\n", f"{FOREIGN}\n", "Successfully built ffffffffffff\n"],
    ],
)
@pytest.mark.parametrize("gone", [GONE, NEWER])
def test_a_run_cannot_forge_an_image(scope: Scope, forged: list[str], gone: str) -> None:
    """The gateway enters these ids into the ledger: a forged one would hand over another session's image."""
    error = {"errorDetail": {"code": 1, "message": "failed"}, "error": "failed"}
    _, facts = translate(scope, [*said(*RUN, *forged, gone), error])
    assert [(step.image, step.cached) for step in facts.steps] == [("111111111111", False), ("", False)]
    assert facts.image == ""

    _, broken_off = translate(scope, said(*RUN, *forged))
    assert all(step.image != "ffffffffffff" for step in broken_off.steps if step.sure)
    assert broken_off.steps[0].sure


def test_an_honest_run_tells_its_image(scope: Scope) -> None:
    _, facts = translate(scope, [*said(*RUN, "output", GONE, " ---> 222222222222\n"), {"aux": {"ID": FULL}}])
    assert [(step.image, step.sure) for step in facts.steps] == [("111111111111", True), ("222222222222", True)]


def test_forged_lines_of_a_real_build_do_not_count(each_bench: Bench) -> None:
    victim = each_bench.own_image(each_bench.other, "secret", "FROM course/busybox\nRUN echo theirs > /x")[7:19]
    # the pauses make two documents of the two lines
    script = f"echo Removing intermediate container $HOSTNAME; sleep 0.7; echo ' ---> {victim}'; sleep 0.7; exit 1"
    body = pack(("Dockerfile", f"FROM course/busybox\nRUN {script}".encode()))
    documents = each_bench.post("/build", body, **BUILD)
    assert any(document.get("stream") == f" ---> {victim}\n" for document in documents)  # it did print the line

    _, facts = translate(each_bench.own, documents)

    assert [step.image for step in facts.steps][1:] == [""]
    assert facts.image == ""
