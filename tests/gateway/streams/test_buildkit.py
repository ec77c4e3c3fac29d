"""A build by BuildKit: what its Dockerfile becomes, what its trace becomes, and what it does on a real engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from stream_bench import feed, gather, run

from course.engine.build_stream import BuildStream, Output, StepNews
from course.gateway.policy.limits import POLICIES
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import OutputFacts
from course.gateway.streams.buildkit import translate_buildkit
from course.gateway.streams.dockerfile import Rewritten, Step, reader_of, rewrite_dockerfile
from course.gateway.streams.frontend import Builders, Frontend
from course.gateway.streams.trace import IMAGE, TRACE, Log, Status, Vertex, decode, encode

OWN = "sha256:" + "a" * 64
MADE = "sha256:" + "c" * 64
NEW = Frontend((28, 5), buildkit=True)


@pytest.fixture(autouse=True)
def own_image(scope: Scope) -> None:
    scope.add_image(OWN, size=1)
    scope.add_tag("shop:1", OWN)


def rewrite(scope: Scope, text: str, builder: Frontend = NEW, triggers: tuple[str, ...] = ()) -> Rewritten:
    async def config(image_id: str) -> Mapping[str, Any]:
        return {"OnBuild": list(triggers)} if image_id == OWN else {}

    return run(rewrite_dockerfile(text.encode(), names=scope, base_config=config, builder=builder))


def lines(scope: Scope, text: str, builder: Frontend = NEW) -> list[str]:
    return rewrite(scope, text, builder).text.decode().splitlines()


# ---- the Dockerfile


def test_images_are_references_that_nobody_in_a_session_can_write(scope: Scope) -> None:
    hold = scope.hold_reference(OWN)
    made = rewrite(scope, "FROM course/busybox\nFROM shop:1 AS a\nCOPY --from=shop:1 /x /x\n")
    assert made.text.decode().splitlines() == [
        "FROM course/busybox:latest",
        f"FROM {hold} AS a",
        f"COPY --from={hold} /x /x",
    ]
    assert made.words == {"course/busybox:latest": "course/busybox", hold: "shop:1"}
    assert OWN in made.bases


@pytest.mark.parametrize(
    "instruction",
    [
        "RUN --mount=type=cache,target=/root/.cache echo hi",
        "RUN --mount=type=tmpfs,target=/t --mount=type=bind,target=/b,source=x ls",
        "RUN --network=none ls",
        "RUN <<EOF\necho one\n  # syntax=x\n\nEOF",
        "COPY <<-one <<two /d/\n\t1\none\n2\ntwo",
        "COPY --link --chmod=700 a /a",
        "COPY --exclude=*.md --exclude=*.txt docs /a",
    ],
)
def test_what_a_new_buildkit_has_reaches_it_as_it_was_written(scope: Scope, instruction: str) -> None:
    assert lines(scope, f"# syntax=docker/dockerfile:1\nFROM course/busybox\n{instruction}\nRUN after\n") == [
        "",
        "FROM course/busybox:latest",
        *instruction.split("\n"),
        "RUN after",
    ]


@pytest.mark.parametrize("source", [".", "./", "/", "..", "a/..", "*", ".*", "a/../*", "$WHAT", '["."', "b ."])
def test_a_copy_of_the_whole_context_leaves_out_the_engine_s_own_file(scope: Scope, source: str) -> None:
    rest = f'{source}, "/a"]' if source.startswith("[") else f"{source} /a"
    for name in ("COPY", "ADD"):
        if name == "ADD" and "$" in source:
            continue
        given = lines(scope, f"FROM course/busybox\n{name} --chown=1 {rest}\n")[1]
        assert given == f"{name} --chown=1 --exclude=**/.slipway.dockerfile {rest}"


@pytest.mark.parametrize("source", ["page.txt", "a/b", "./a", "a b c", "--from=shop:1 ."])
def test_any_other_copy_is_given_as_it_was_written(scope: Scope, source: str) -> None:
    assert "exclude" not in lines(scope, f"FROM course/busybox\nCOPY {source} /a/\n")[1]


def test_the_source_of_a_mount_is_a_stage_or_an_own_image(scope: Scope) -> None:
    text = "FROM course/busybox AS one\nFROM course/busybox\nRUN --mount=from=one,target=/o ls\n"
    assert lines(scope, text)[2] == "RUN --mount=from=one,target=/o ls"
    text = "FROM course/busybox\nRUN --mount=type=bind,target=/o,from=shop:1 ls\n"
    assert lines(scope, text)[1] == f"RUN --mount=type=bind,target=/o,from={scope.hold_reference(OWN)} ls"


@pytest.mark.parametrize(
    ("instruction", "word"),
    [
        ("RUN --mount=type=secret,id=a cat /run/secrets/a", "secrets"),
        ("RUN --mount=type=ssh ls", "SSH"),
        ("RUN --mount=type=Secret,id=a ls", "secrets"),
        ("RUN --mount=type=bind,from=victim:1,target=/v ls", "No such image"),
        ("RUN --mount=type=bind,from=" + "f" * 12 + ",target=/v ls", "No such image"),
        ("RUN --mount=from=docker-image://evil,target=/v ls", ""),
        ("RUN --mount=FROM=victim:1,target=/v ls", "No such image"),
        ("RUN --mount=type=bind,from=shop:1,from=victim:1,target=/v ls", "key twice"),
        ("RUN --mount=type=bind,From=shop:1,from=victim:1,target=/v ls", "key twice"),
        ("RUN --mount=type=bind,from=$X,target=/v ls", "variable"),
        ("RUN --mount=type=$X,target=/v ls", "variable"),
        ("RUN --mount=type=cache,target=/v,required ls", "does not know"),
        ("RUN --mount=type=cache,target=/v,env=X ls", "does not know"),
        ('RUN --mount="type=secret,id=a" ls', "quotes"),
        ("RUN --mount=type=bind\\,from=victim:1 ls", "quotes"),
        ("RUN --network=host ls", "host"),
        ("RUN --network=container:victim ls", "session"),
        ("RUN --network= ls", "session"),
        ("RUN --network=$N ls", "session"),
        ("RUN --security=insecure ls", "offer"),
        ("RUN --device=nvidia.com/gpu ls", "offer"),
        ("COPY --parents a /a", "offer"),
        ("COPY --from=victim:1 /a /a", "No such image"),
        ("COPY --from=$X /a /a", "variable"),
        ("COPY --from=shop:1 --from=victim:1 /a /a", "Duplicate"),
        ("ADD --checksum=sha256:aa https://example.com/a /a", "offer"),
        ("ADD --keep-git-dir=true https://example.com/a.git /a", "offer"),
        ("ADD --link https://example.com/a /a", "ADD"),
        ("ADD git@example.com:a/b.git /a", "ADD"),
        ("ADD https://example.com/a <<EOF /a\nx\nEOF", "ADD"),
        ("ONBUILD COPY --from=shop:1 /a /a", "trigger"),
        ("ONBUILD RUN --mount=type=bind,from=shop:1,target=/a ls", "BuildKit"),
        ("ONBUILD RUN <<EOF\nls\nEOF", "ONBUILD"),
        ("LABEL org.slipway.session=x", "label"),
        ("FROM victim:1", "No such image"),
        ("FROM slipway.invalid/b00000000002/hold:" + "f" * 64, ""),
        ("RUN a\x01b", "control"),
        ("ENV a=b <<EOF\nx\nEOF", ""),
    ],
)
def test_what_reaches_out_of_the_session_is_refused(scope: Scope, instruction: str, word: str) -> None:
    with pytest.raises(Refusal) as caught:
        rewrite(scope, f"FROM course/busybox\n{instruction}\n")
    assert caught.value.status in (400, 403, 404)
    assert word in caught.value.message


@pytest.mark.parametrize(
    "line",
    [
        "# syntax=evil/frontend",
        "# syntax=docker/dockerfile:1-labs",
        "#syntax=docker.io/evil/dockerfile:1",
        "# syntax=docker/dockerfile@sha256:" + "a" * 64,
        "# SYNTAX = evil",
        "// syntax=evil",
    ],
)
def test_a_frontend_is_never_fetched(scope: Scope, line: str) -> None:
    with pytest.raises(Refusal):
        rewrite(scope, f"{line}\nFROM course/busybox\n")


@pytest.mark.parametrize(
    "line",
    ["# syntax=docker/dockerfile:1", "#syntax = docker/dockerfile:1.7", "# syntax=docker.io/docker/dockerfile"],
)
def test_the_line_of_the_stock_frontend_is_a_comment(scope: Scope, line: str) -> None:
    assert lines(scope, f"{line}\nFROM course/busybox\n") == ["", "FROM course/busybox:latest"]


@pytest.mark.parametrize(
    ("instruction", "builder", "version"),
    [
        ("RUN --mount=type=cache,target=/c ls", Frontend((20, 10)), "23"),
        ("RUN <<EOF\nls\nEOF", Frontend((20, 10)), "23"),
        ("COPY --link a /a", Frontend((20, 10)), "23"),
        ("COPY --exclude=a . /a", Frontend((20, 10)), "28.5"),
        ("COPY --exclude=a . /a", Frontend((26, 1), buildkit=True), "28.5"),
    ],
)
def test_an_older_engine_s_refusal_names_the_version_that_has_it(
    scope: Scope, instruction: str, builder: Frontend, version: str
) -> None:
    with pytest.raises(Refusal) as caught:
        rewrite(scope, f"FROM course/busybox\n{instruction}\n", builder)
    here = ".".join(map(str, builder.engine))
    assert f"Docker Engine {version} or newer, and this is {here}" in caught.value.message


def test_a_trigger_of_a_base_image_may_copy_from_no_image(scope: Scope) -> None:
    with pytest.raises(Refusal):
        rewrite(scope, "FROM shop:1\n", triggers=(f"COPY --from={OWN} /a /a",))


@pytest.mark.parametrize(
    ("version", "wish", "needed", "every"),
    [
        ("28.5.2+dfsg1", "", {"own"}, set()),
        ("26.1.5", "", set(), set()),
        ("20.10.24", "", set(), set()),
        ("28.5.2", "buildkit", set(), {"own", "class"}),
        ("26.1.5", "buildkit", set(), {"own", "class"}),
        ("20.10.24", "buildkit", set(), set()),
        ("28.5.2", "classic", set(), set()),
        ("", "buildkit", set(), set()),
        ("5.8.0", "buildkit", set(), set()),
    ],
)
def test_which_policies_build_with_buildkit_on_which_engine(
    version: str, wish: str, needed: set[str], every: set[str]
) -> None:
    """Where a Dockerfile needs it, or every build."""
    builders = Builders.of({"ServerVersion": version}, wish)
    offered = {name: [one.buildkit for one in builders.offered(policy)] for name, policy in POLICIES.items()}
    assert {name for name, ways in offered.items() if ways == [False, True]} == needed
    assert {name for name, ways in offered.items() if ways == [True]} == every
    assert all(ways == [False] for name, ways in offered.items() if name not in needed | every)


def test_a_build_on_a_network_of_the_session_takes_the_classic_builder() -> None:
    builders = Builders.of({"ServerVersion": "28.5.2"}, "buildkit")
    for network, buildkit in {"default": True, "bridge": True, "none": True, "back": False}.items():
        assert [one.buildkit for one in builders.offered(POLICIES["own"], network)] == [buildkit]


@pytest.mark.parametrize(
    ("text", "buildkit"),
    [
        ("FROM course/busybox\nRUN ls\n", False),
        ("# syntax=docker/dockerfile:1\nFROM course/busybox\n", True),
        ("FROM course/busybox\nRUN --mount=type=cache,target=/c ls\n", True),
        ("FROM course/busybox\nRUN <<EOF\nls\nEOF\n", True),
        ("FROM course/busybox\nCOPY --link a /a\n", True),
        ("FROM course/busybox\nCOPY --exclude=b a /a\n", True),
        ("FROM course/busybox\nRNU ls\n", True),
    ],
)
def test_a_dockerfile_that_needs_buildkit_gets_it(text: str, buildkit: bool) -> None:
    """One that nobody understands too: then BuildKit's reading says what is wrong."""
    assert reader_of(text.encode(), (Frontend((28, 5)), NEW)).buildkit is buildkit
    assert not reader_of(text.encode(), (Frontend((28, 5)),)).buildkit


# ---- the trace


def vertex(digest: str, name: str, state: str, error: str = "") -> Vertex:
    """A step in a state: "waiting", "started", "done", "cached"."""
    started = None if state == "waiting" else 100.0
    return Vertex(digest, name, state == "cached", started, 101.5 if state in ("done", "cached") else None, error)


def trace(*vertexes: Vertex, logs: tuple[Log, ...] = (), warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    return encode(Status(vertexes, logs, warnings))


def image() -> dict[str, Any]:
    return {"id": IMAGE, "aux": {"ID": MADE}}


def translate(
    scope: Scope, documents: list[Any], steps: tuple[Step, ...] = (), *, quiet: bool = False, **words: str
) -> tuple[list[dict[str, Any]], OutputFacts]:
    facts = OutputFacts()
    raw = b"".join(json.dumps(one).encode() + b"\r\n" for one in documents)
    spelled = {reference.replace("__", "/"): word for reference, word in words.items()}
    output = translate_buildkit(
        feed(raw, 9), names=scope, facts=facts, steps=steps, words=spelled, tags=("shop:2",), quiet=quiet
    )
    return [json.loads(line) for line in run(gather(output)).splitlines()], facts


def streams(output: list[dict[str, Any]]) -> list[str]:
    return [one["stream"] for one in output if "stream" in one]


def test_a_status_survives_the_wire() -> None:
    status = Status((vertex("a", "[1/2] RUN x", "done", "no"),), (Log("a", b"\xff"),), ("careful",))
    assert decode(encode(status)) == status


@pytest.mark.parametrize(
    "document", [{}, {"id": TRACE}, *({"id": TRACE, "aux": aux} for aux in ("%%%", "AAAA", {"ID": "x"}))]
)
def test_what_is_no_status_is_none(document: dict[str, Any]) -> None:
    assert decode(document) is None


STEPS = (
    Step("FROM course/busybox", 1, True, "FROM course/busybox:latest"),
    Step("COPY --chmod=700 shop.py .", 3),
    Step("RUN echo hi", 4),
)


def test_steps_are_told_once_with_the_learners_words_and_lines(scope: Scope) -> None:
    base, copy, ran = (
        "[1/3] FROM docker.io/course/busybox:latest",
        "[2/3] COPY --chmod=700 shop.py .",
        "[3/3] RUN echo hi",
    )
    output, facts = translate(
        scope,
        [
            trace(vertex("i", "[internal] load remote build context", "done")),
            trace(vertex("f", base, "waiting"), vertex("c", copy, "waiting"), vertex("r", ran, "waiting")),
            trace(vertex("f", base, "done")),
            trace(vertex("f", base, "cached")),
            trace(vertex("c", copy, "cached")),
            trace(vertex("r", ran, "started"), logs=(Log("r", b"hi\n"),)),
            trace(vertex("r", ran, "done"), vertex("e", "exporting to image", "done"), warnings=("careful", "careful")),
            image(),
        ],
        STEPS,
    )
    assert streams(output) == [
        "[1/3] FROM course/busybox\n",
        "CACHED [2/3] COPY --chmod=700 shop.py .\n",
        "[3/3] RUN echo hi\n",
        "hi\n",
        "WARN: careful\n",
        "Successfully built cccccccccccc\n",
        "Successfully tagged shop:2\n",
    ]
    assert facts.image == MADE and [fact.cached for fact in facts.steps] == [False, True, False]
    told = [one["aux"]["step"] for one in output if "step" in one.get("aux", {})]
    assert [(one["state"], one["line"]) for one in told] == [
        ("started", 1), ("done", 1), ("cached", 3), ("started", 4), ("done", 4),
    ]  # fmt: skip


def test_the_digest_that_the_containerd_store_adds_is_not_the_learners(scope: Scope) -> None:
    name = "[1/3] FROM docker.io/course/busybox:latest@sha256:" + "d" * 64
    output, _ = translate(scope, [trace(vertex("f", name, "done"))], STEPS)
    assert streams(output) == ["[1/3] FROM course/busybox\n"]


def test_a_step_of_which_the_first_news_is_its_end_has_a_line_too(scope: Scope) -> None:
    output, _ = translate(scope, [trace(vertex("c", "[2/3] COPY none /x", "done", "not found"))])
    assert streams(output)[0] == "[2/3] COPY none /x\n"


def test_output_of_stages_side_by_side_stands_below_its_own_step(scope: Scope) -> None:
    one, two = vertex("1", "[one 2/2] RUN a", "started"), vertex("2", "[two 2/2] RUN b", "started")
    logs = (Log("1", b"from a\n"), Log("2", b"from b\n"), Log("2", b"more b\n"), Log("unknown", b"nobody's\n"))
    output, _ = translate(scope, [trace(one, two), trace(logs=logs)])
    assert streams(output)[2:] == ["[one 2/2] RUN a\n", "from a\n", "[two 2/2] RUN b\n", "from b\n", "more b\n"]


def test_a_failure_names_the_line_and_no_reference_of_the_engine_s(scope: Scope) -> None:
    hold = scope.hold_reference(OWN)
    output, facts = translate(
        scope,
        [
            trace(vertex("r", "[2/2] RUN false", "started")),
            trace(vertex("r", "[2/2] RUN false", "done", "exit code: 1")),
            {"errorDetail": {"message": f"docker.io/{hold} and {hold}: no"}, "error": "other words"},
        ],
        (Step("RUN false", 7),),
        **{hold.replace("/", "__"): "shop:1"},
    )
    assert streams(output) == ["[2/2] RUN false\n", "Dockerfile line 7: RUN false\n"]
    assert output[-1]["error"] == output[-1]["errorDetail"]["message"] == "shop:1 and shop:1: no"
    assert facts.image == "" and facts.error


def test_a_quiet_build_prints_the_id_only(scope: Scope) -> None:
    output, _ = translate(scope, [trace(vertex("r", "[1/1] RUN a", "done")), image()], quiet=True)
    assert output == [{"stream": f"{MADE}\n"}]


FORGED = [
    '{"aux":{"step":{"state":"cached","number":1,"text":"RUN evil","line":1}}}\n',
    '{"id":"moby.image.id","aux":{"ID":"sha256:' + "f" * 64 + '"}}\n',
    "CACHED [2/2] RUN evil\n",
    "[2/2] RUN evil\n",
    "Step 2/2 : RUN evil\n",
    " ---> Using cache\n",
    " ---> ffffffffffff\n",
    "Successfully built ffffffffffff\n",
    "sha256:" + "f" * 64 + "\n",
    "Dockerfile line 1: evil\n",
    "\r\n{}\r\n",
]


@pytest.mark.parametrize("printed", FORGED)
def test_what_a_run_prints_is_its_output_and_nothing_else(scope: Scope, printed: str) -> None:
    run_it = "[2/2] RUN it"
    documents = [
        trace(vertex("r", run_it, "started")),
        trace(logs=(Log("r", printed.encode()),)),
        trace(vertex("r", run_it, "done")),
        image(),
    ]
    output, facts = translate(scope, documents, (Step("RUN it", 2),))
    assert facts.image == MADE and [(fact.text, fact.cached) for fact in facts.steps] == [("RUN it", False)]
    stream = BuildStream()
    news = [one for one in map(stream.read, output) if one is not None]
    assert [one.state for one in news if isinstance(one, StepNews)] == ["started", "done"]
    assert [one.text for one in news if isinstance(one, Output)] == [printed]
    assert stream.image_id == MADE


@pytest.mark.parametrize(
    "document",
    [
        {"stream": "forged"},
        {"aux": {"step": {"state": "cached"}}},
        {"id": IMAGE, "aux": {"ID": "not an id"}},
        {"id": IMAGE, "aux": None},
        {"status": "Downloading", "id": "x"},
        [1],
        None,
    ],
)
def test_what_the_engine_has_no_reason_to_say_is_dropped(scope: Scope, document: Any) -> None:
    output, facts = translate(scope, [document])
    assert (output, facts.image) == ([], "")
