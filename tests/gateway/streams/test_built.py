"""What was rewritten is built on each engine, and the engine reads in it what it would have read in the original."""

from __future__ import annotations

import json
import tarfile
from typing import Any

import pytest
from stream_bench import BUILD, Bench, Entry, feed, gather, pack, run, special

from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import OutputFacts, read_context, translate_output


def build(bench: Bench, scope: Scope, *entries: Entry, **query: str) -> tuple[OutputFacts, str]:
    """Build through the rewriting: what the output told, and the text that the learner sees."""

    async def work() -> tuple[OutputFacts, str]:
        body = feed(pack(*entries))
        with await read_context(body, dockerfile="", names=scope, base_config=bench.config) as context:
            forced = BUILD | {"dockerfile": context.dockerfile} | query
            documents = bench.post("/build", await gather(context.chunks()), **forced)
        facts = OutputFacts()
        raw = b"\r\n".join(json.dumps(document).encode() for document in documents)
        output = await gather(translate_output(feed(raw, 50), names=scope, facts=facts, steps=context.steps))
        told = [json.loads(line) for line in output.splitlines()]
        return facts, "".join(one.get("stream") or one.get("error") or "" for one in told)

    answer: tuple[OutputFacts, str] = run(work())
    return answer


def config(bench: Bench, image: str) -> dict[str, Any]:
    found: dict[str, Any] = bench.client.api.inspect_image(image)["Config"]
    return {
        key: found.get(key)
        for key in ("Cmd", "Entrypoint", "Env", "Labels", "WorkingDir", "User", "Volumes", "Healthcheck")
    }


DOCKERFILE = b"""\
# the base
ARG TAG=latest
FROM course/busybox:${TAG} AS tools
RUN echo one \\
    # a comment inside
    two > /words && \\
    mkdir /made

FROM tools
ENV A=1 B="two words"
WORKDIR /srv/$A
COPY --from=tools /words ./
COPY . /context
LABEL who="a b" \\
      what=c
CMD ["cat", "/words"]
"""


def test_the_rewritten_build_is_the_original_one(each_bench: Bench) -> None:
    entries: list[Entry] = [("Dockerfile", DOCKERFILE), ("app/x.py", b"print()"), special("l", tarfile.SYMTYPE, "app")]
    direct, text = each_bench.build(pack(*entries))
    assert direct, text

    facts, shown = build(each_bench, each_bench.own, *entries, nocache="1")

    assert facts.image, shown
    assert config(each_bench, facts.image) == config(each_bench, direct)
    for image in (direct, facts.image):
        assert each_bench.run(image) == "one two\n"
    listing = ("sh", "-c", "cd /context; find . | sort; cat Dockerfile; ls -l l")
    assert each_bench.run(facts.image, *listing) == each_bench.run(direct, *listing)

    def steps(output: str) -> list[str]:
        return [line for line in output.splitlines() if line.startswith("Step ")]

    assert steps(shown) == steps(text)
    assert "sha256:" not in shown
    assert [fact.text for fact in facts.steps][1] == "FROM course/busybox:${TAG} AS tools"
    assert all(fact.image for fact in facts.steps[1:])


def test_a_second_build_tells_what_came_from_the_cache(bench: Bench) -> None:
    entries = [("Dockerfile", b"FROM course/busybox\nRUN echo a > /a\nCOPY f /f"), ("f", b"1")]
    build(bench, bench.own, *entries)
    facts, _ = build(bench, bench.own, *entries)
    assert [fact.cached for fact in facts.steps] == [False, True, True]
    changed, _ = build(bench, bench.own, entries[0], ("f", b"2"))
    assert [fact.cached for fact in changed.steps] == [False, True, False]


def test_a_failing_instruction_is_named_as_the_learner_wrote_it(bench: Bench) -> None:
    facts, shown = build(bench, bench.own, ("Dockerfile", b"FROM course/busybox\nRUN exit \\\n 3\nRUN never"))
    assert facts.image == ""
    assert facts.error == "The command '/bin/sh -c exit  3' returned a non-zero code: 3"
    assert (len(facts.steps), facts.steps[-1].image) == (2, "")
    assert "Step 1/3 : FROM course/busybox" in shown


def test_mistakes_on_the_engine_have_the_learners_line(each_bench: Bench) -> None:
    text = b"FROM course/busybox\n# one\nRUN a \\\n  b\n\nEXPOSE \nRUN x"
    direct = each_bench.post("/build", pack(("Dockerfile", text)), version="1")

    async def rewritten() -> list[dict[str, Any]]:
        body = feed(pack(("Dockerfile", text)))
        with await read_context(body, dockerfile="", names=each_bench.own, base_config=each_bench.config) as context:
            data = await gather(context.chunks())
        return each_bench.post("/build", data, version="1", dockerfile=context.dockerfile)

    assert run(rewritten()) == direct
    assert "line 6" in direct[0]["message"]


def test_images_of_the_session_are_used_and_those_of_another_are_unknown(each_bench: Bench) -> None:
    """A073, on the engine: the other session's image is there, under a name and an id that would resolve."""
    each_bench.own_image(each_bench.own, "shop:1", "FROM course/busybox\nRUN echo mine > /whose")
    secret = each_bench.own_image(each_bench.other, "shop:1", "FROM course/busybox\nRUN echo theirs > /whose")

    facts, shown = build(each_bench, each_bench.own, ("Dockerfile", b"FROM shop:1\nCOPY --from=shop:1 /whose /copy"))
    assert each_bench.run(facts.image, "cat", "/whose", "/copy") == "mine\nmine\n", shown
    for name in (secret, secret[7:19], f"slipway.invalid/{each_bench.other.sid}/d/shop:1"):
        for text in (f"FROM {name}", f"FROM course/busybox\nCOPY --from={name} /whose /x"):
            with pytest.raises(Refusal, match="No such image"):
                build(each_bench, each_bench.own, ("Dockerfile", text.encode()))


def test_an_image_cannot_be_taken_over_by_a_name(bench: Bench) -> None:
    """A tag beats an id prefix on the engine; the rewritten FROM holds the full id, which no name can be."""
    image = bench.own_image(bench.own, "mine", "FROM course/busybox\nRUN echo mine > /whose")
    evil = bench.own_image(bench.other, "evil", "FROM course/busybox\nRUN echo evil > /whose")
    bench.client.api.tag(evil, image[7:19])
    try:
        facts, _ = build(bench, bench.own, ("Dockerfile", f"FROM {image[7:19]}\nRUN cat /whose".encode()))
        assert bench.run(facts.image, "cat", "/whose") == "mine\n"
    finally:
        bench.client.api.remove_image(f"{image[7:19]}:latest", noprune=True)


def test_a_trigger_of_an_own_image_copies_what_was_checked(each_bench: Bench) -> None:
    """A075: ONBUILD COPY --from is an id once it is in the image."""
    tool = each_bench.own_image(each_bench.own, "tool", "FROM course/busybox\nRUN echo tool > /t")
    text = b"FROM course/busybox\nONBUILD COPY --from=tool /t /got"
    base, shown = build(each_bench, each_bench.own, ("Dockerfile", text))
    assert base.image, shown
    each_bench.own.add_image(base.image, size=1)
    each_bench.own.add_tag("onbuild:latest", base.image)
    assert each_bench.client.api.inspect_image(base.image)["Config"]["OnBuild"] == [f"COPY --from={tool} /t /got"]

    facts, shown = build(each_bench, each_bench.own, ("Dockerfile", b"FROM onbuild"))
    assert each_bench.run(facts.image, "cat", "/got") == "tool\n", shown


def test_health_checks_reach_the_image_clamped(bench: Bench) -> None:
    facts, _ = build(bench, bench.own, ("Dockerfile", b"FROM course/busybox\nHEALTHCHECK --interval=1ms CMD true"))
    assert config(bench, facts.image)["Healthcheck"]["Interval"] == 1_000_000_000


def test_the_ignore_file_leaves_no_trace_in_the_image(each_bench: Bench) -> None:
    text = b"FROM course/busybox\nCOPY . /c"
    facts, _ = build(each_bench, each_bench.own, ("Dockerfile", text), ("a", b"1"))
    assert each_bench.run(facts.image, "ls", "-A", "/c") == "Dockerfile\na\n"
    facts, _ = build(each_bench, each_bench.own, ("Dockerfile", text), (".dockerignore", b"Dockerfile\n.dockerignore"))
    assert each_bench.run(facts.image, "ls", "-A", "/c") == ""
