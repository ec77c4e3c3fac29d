"""A Dockerfile is checked and written anew; what can be read in two ways, or reaches out of the session, is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scopes import open_scope
from stream_bench import run

from course import dockerfile as parser
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams.dockerfile import Rewritten, rewrite_dockerfile

BUSYBOX = "sha256:" + "0" * 64
PYTHON = "sha256:" + "1" * 64
OWN = "sha256:" + "a" * 64
FOREIGN = "sha256:" + "f" * 64


@pytest.fixture(autouse=True)
def own_image(scope: Scope) -> None:
    scope.add_image(OWN, size=1)
    scope.add_tag("shop:1", OWN)


def rewrite(scope: Scope, text: str | bytes, triggers: tuple[str, ...] = (), **buildargs: str) -> Rewritten:
    async def config(image_id: str) -> Mapping[str, Any]:
        return {"OnBuild": list(triggers)} if image_id == OWN else {}

    raw = text.encode() if isinstance(text, str) else text
    return run(rewrite_dockerfile(raw, names=scope, base_config=config, buildargs=buildargs))


def lines(scope: Scope, text: str, **buildargs: str) -> list[str]:
    return rewrite(scope, text, **buildargs).text.decode().split("\n")


def refusal(scope: Scope, text: str | bytes, triggers: tuple[str, ...] = ()) -> Refusal:
    with pytest.raises(Refusal) as caught:
        rewrite(scope, text, triggers)
    return caught.value


# ---- images


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("FROM course/busybox", f"FROM {BUSYBOX}"),
        ("from course/busybox:latest as Base", f"FROM {BUSYBOX} AS base"),
        ("FROM docker.io/course/busybox", f"FROM {BUSYBOX}"),
        (f"FROM {BUSYBOX}", f"FROM {BUSYBOX}"),
        ("FROM 000000000000", f"FROM {BUSYBOX}"),
        ("FROM shop:1", f"FROM {OWN}"),
        ("FROM aaaaaaaa", f"FROM {OWN}"),
        ("FROM --platform=linux course/busybox", f"FROM {BUSYBOX}"),
        ("FROM scratch", "FROM scratch"),
    ],
)
def test_an_image_becomes_its_full_id(scope: Scope, written: str, given: str) -> None:
    assert lines(scope, written)[0] == given


@pytest.mark.parametrize(
    "name", ["victim:1", "f" * 12, FOREIGN, "busybox", "slipway.invalid/b00000000002/d/shop:1", "course"]
)
def test_an_image_that_the_session_does_not_have_is_unknown(scope: Scope, name: str) -> None:
    """A073 and the forms of 22 in GATEWAY.md: by name, short id and full id, in FROM and in COPY --from."""
    for text in (f"FROM {name}", f"FROM course/busybox\nCOPY --from={name} / /stolen"):
        found = refusal(scope, text)
        assert (found.status, "No such image" in found.message) == (404, True)


def test_a_foreign_image_through_arg_escape_and_case_is_unknown(scope: Scope) -> None:
    text = "# escape=`\nARG V=ff`\nff\nARG W=${V}ffff\nfRoM `\n $W"
    assert refusal(scope, text).message.startswith("Dockerfile line 5: No such image: ffffffff")


def test_variables_of_from_are_those_before_it_and_build_arguments_win(scope: Scope) -> None:
    assert lines(scope, "ARG B=victim\nFROM ${B}", B="course/python")[1] == f"FROM {PYTHON}"
    assert lines(scope, "ARG V=lat\nARG B=course/busybox:${V}est\nFROM $B")[2] == f"FROM {BUSYBOX}"
    assert lines(scope, 'FROM "${NONE:-course/busybox}"')[0] == f"FROM {BUSYBOX}"
    assert lines(scope, "ARG A=1\nFROM ${A:+course/python}")[1] == f"FROM {PYTHON}"
    assert refusal(scope, "FROM $NONE").message.endswith("base name should not be blank")
    assert refusal(scope, "ARG A=1\nFROM ${A##x}course/busybox").status == 400


def test_stages_keep_their_names_and_indexes(scope: Scope) -> None:
    text = "FROM course/busybox AS Build\nFROM build AS next\nCOPY --from=BUILD /a /b\nCOPY --from=0 /a /b"
    assert lines(scope, text)[:4] == [
        f"FROM {BUSYBOX} AS build",
        "FROM build AS next",
        "COPY --from=build /a /b",
        "COPY --from=0 /a /b",
    ]


def test_only_an_earlier_stage_is_a_stage(scope: Scope) -> None:
    assert refusal(scope, "FROM course/busybox AS one\nCOPY --from=one a b").status == 404
    assert refusal(scope, "FROM course/busybox\nCOPY --from=later a b\nFROM scratch AS later").status == 404
    assert "refers to current build stage" in refusal(scope, "FROM course/busybox\nCOPY --from=0 a b").message
    assert "index out of bounds" in refusal(scope, "FROM course/busybox\nCOPY --from=7 a b").message


def test_the_images_used_are_told(scope: Scope) -> None:
    text = "FROM course/busybox AS a\nFROM shop:1\nCOPY --from=course/python /x /y\nCOPY --from=a /x /y"
    assert rewrite(scope, text).bases == (BUSYBOX, OWN, PYTHON)


# ---- lines


def test_every_instruction_stays_on_its_line(scope: Scope) -> None:
    text = '# a comment\n\nFROM course/busybox\nRUN one \\\n  # inside\n\n  two\n\n# more\nCMD ["x"]'
    assert lines(scope, text) == ["", "", f"FROM {BUSYBOX}", "RUN one   two", "", "", "", "", "", 'CMD ["x"]', ""]


def test_the_escape_directive_stays_with_what_it_means(scope: Scope) -> None:
    text = "# escape=`\nFROM course/busybox\nRUN a `\n  b\nCOPY x c:\\dir\\"
    assert lines(scope, text)[:5] == ["# escape=`", f"FROM {BUSYBOX}", "RUN a   b", "", "COPY x c:\\dir\\"]


def test_windows_line_ends_and_a_byte_order_mark_are_read(scope: Scope) -> None:
    assert rewrite(scope, b"\xef\xbb\xbfFROM course/busybox\r\nRUN a \\\r\n b\r\n").text == (
        f"FROM {BUSYBOX}\nRUN a  b\n".encode()
    )


def test_steps_tell_what_the_learner_wrote(scope: Scope) -> None:
    steps = rewrite(scope, "FROM course/busybox AS X\nRUN a \\\n b").steps
    assert [(step.text, step.line, step.changed) for step in steps] == [
        ("FROM course/busybox AS X", 1, True),
        ("RUN a  b", 2, False),
    ]


LINES = (
    "FROM course/busybox",
    "FROM scratch AS s",
    "RUN a",
    "RUN a \\",
    "  b",
    "# c",
    "",
    "COPY --from=s a b",
    "\\",
    "ENV A=b \\",
    "RUN \\",
    "# escape=`",
    "RUN x `",
    'CMD ["a"]',
    "ONBUILD RUN x",
    "LABEL a=b",
    "FROM s",
    "  # d",
    "ARG A=course/node",
    "FROM $A",
    "RUN a\\\\",
    "HEALTHCHECK NONE",
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_what_is_written_parses_to_the_same_instructions_on_the_same_lines(text: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, open_scope(Path(folder), "a00000000001") as one:
        try:
            result = rewrite(one, "\n".join(text))
        except Refusal as refused:
            assert refused.status in (400, 403, 404)
            return
    commands = parser.parse_string(result.text.decode())
    assert [(one.start_line, one.end_line) for one in commands] == [(one.line, one.line) for one in result.steps]
    for command in commands:
        if command.cmd.upper() == "FROM":
            assert command.value[0] == "scratch" or command.value[0] == "s" or command.value[0].startswith("sha256:")


# ---- what is refused


@pytest.mark.parametrize(
    "instruction",
    [
        "ADD http://127.0.0.1:8888/x /x",
        "ADD HTTPS://host/x /x",
        "ADD a https://host/x /x",
        'ADD ["http://127.0.0.1/x", "/x"]',
        'ADD ["a", "\\u0068ttp://127.0.0.1/x", "/x"]',
        'ADD "ht"tp://127.0.0.1/x /x',
        "ADD h\\ttp://127.0.0.1/x /x",
        "ADD git@github.com:a/b.git /x",
        "ADD git://host/a.git /x",
        "ADD $URL /x",
        "ADD ${URL}/x /x",
        "ADD h$REST /x",
        "ADD http$S /x",
        'ADD "$URL" /x',
        "ADD --chown=1:1 http://127.0.0.1/x /x",
        "add \\\n  http://127.0.0.1/x \\\n  /x",
        "ONBUILD ADD http://127.0.0.1/x /x",
        "ONBUILD ADD $URL /x",
    ],
)
def test_add_from_anywhere_but_the_context_is_refused(scope: Scope, instruction: str) -> None:
    """The daemon fetches it, from the loopback of its host too (GATEWAY.md, 21)."""
    assert refusal(scope, f"FROM course/busybox\nARG URL=http://127.0.0.1/\n{instruction}").status == 403


@pytest.mark.parametrize(
    "instruction", ["ADD ./$FILE /x", "ADD app-$V.tar /x", "ADD a b $DEST", "ADD hello /x", "ADD --chown=$U a b"]
)
def test_add_from_the_context_passes(scope: Scope, instruction: str) -> None:
    assert lines(scope, f"FROM course/busybox\n{instruction}")[1] == instruction


@pytest.mark.parametrize(
    ("instruction", "word"),
    [
        ("RUN --mount=type=bind,from=victim,target=/x cat /x", "BuildKit"),
        ("RUN --network=host ls", "BuildKit"),
        ("RUN --security=insecure ls", "BuildKit"),
        ("RUN --mount=type=secret,id=a cat", "BuildKit"),
        ("COPY --link a b", "BuildKit"),
        ("ADD --checksum=sha256:1 a b", "BuildKit"),
        ("COPY --parents a b", "BuildKit"),
        ("ONBUILD RUN --mount=type=bind,from=victim cat", "BuildKit"),
        ("RUN <<EOF\nls\nEOF", "here-document"),
        ("RUN cat <<-E > /x\nFROM victim\nE", "here-document"),
        ("COPY <<EOF /x\nhi\nEOF", "here-document"),
        ("RUN cat 3<<'E'\nx\nE", "here-document"),
        ("LABEL org.slipway.session=b00000000002", "org.slipway."),
        ('LABEL a=b "org.slipway.owner"=x', "org.slipway."),
        ("LABEL org.slip\\way.owner=x", "org.slipway."),
        ("LABEL $K=b00000000002", "org.slipway."),
        ("LABEL org.slipway.session b00000000002", "org.slipway."),
        ("ONBUILD LABEL org.slipway.session=x", "org.slipway."),
        ('COPY --from="victim" a b', "quotes"),
        ("COPY --fr\\om=victim a b", "quotes"),
        ("COPY --chown=1\u00a0--from=victim a b", "quotes"),
        ("COPY --from=$X a b", "variable"),
        ("COPY --from= a b", "variable"),
        ("COPY --from=0 --from=victim a b", "Duplicate"),
        ("RUN a\x01b", "control"),
    ],
)
def test_what_a_session_may_not_use_is_refused_in_words(scope: Scope, instruction: str, word: str) -> None:
    found = refusal(scope, f"FROM course/busybox\n{instruction}\n")
    assert found.status in (400, 403)
    assert word in found.message


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=docker/dockerfile:1\nFROM course/busybox",
        "#Syntax = evil.example/frontend\nFROM course/busybox",
        "# hello\n# syntax=docker/dockerfile:1\nFROM course/busybox",
        "FROM --platform=linux/s390x course/busybox",
        "FROM --platform=$BUILDPLATFORM course/busybox",
        "FROM --platform=windows/amd64 course/busybox",
    ],
)
def test_another_frontend_or_platform_is_refused(scope: Scope, text: str) -> None:
    assert refusal(scope, text).status == 403


@pytest.mark.parametrize(
    "text",
    [
        "# hello\n# escape=`\nFROM course/busybox",
        "#escape=x\nFROM course/busybox",
        "FROM course/busybox\nRUN a \\\\\nFROM victim",
        "# escape=`\nFROM course/busybox\nRUN a ``\nb",
        "FROM course/busybox\nRUN a\0b",
        "FROM course/busybox\nRUN a\rFROM victim",
        b"FROM course/busybox\nRUN \xff",
        "FROM course/busybox\nRUN " + "x" * 70_000,
    ],
)
def test_what_engines_could_read_in_two_ways_is_refused(scope: Scope, text: str | bytes) -> None:
    assert refusal(scope, text).status == 400


@pytest.mark.parametrize("text", ["RUN a\n" * 501, "# c\n" * 5001, "#" * 300_000])
def test_a_file_that_takes_long_to_parse_is_refused(scope: Scope, text: str) -> None:
    assert refusal(scope, f"FROM course/busybox\n{text}").status == 413


def test_arguments_that_double_each_other_are_refused(scope: Scope) -> None:
    doubling = "".join(f"ARG A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 60))
    assert "4096 characters" in refusal(scope, f"ARG A0=xx\n{doubling}FROM $A59").message


def test_shifts_and_here_strings_are_no_here_documents(scope: Scope) -> None:
    for command in ("RUN echo $((1<<2))", "RUN echo $(( 1 << 2 ))", "RUN cat <<<word"):
        assert lines(scope, f"FROM course/busybox\n{command}")[1] == command


# ---- the engine's own words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "failed to parse Dockerfile: file with no instructions"),
        ("# only", "failed to parse Dockerfile: file with no instructions"),
        ("FROM course/busybox\nFOO x", "dockerfile parse error line 2: unknown instruction: FOO"),
        ("FROM course/busybox\nCOPY --nope a b", "dockerfile parse error line 2: Unknown flag: nope"),
        ("FROM a b", "dockerfile parse error line 1: FROM requires either one or three arguments"),
        (
            "FROM course/busybox AS 5x",
            'dockerfile parse error line 1: invalid name for build stage: "5x", '
            "name can't start with a number or contain symbols",
        ),
        ("USER x", "no build stage in current context"),
    ],
)
def test_mistakes_get_the_words_of_the_engine(scope: Scope, text: str, message: str) -> None:
    found = refusal(scope, text)
    assert (found.status, found.message) == (400, message)


# ---- health checks and triggers


@pytest.mark.parametrize(
    ("flags", "given"),
    [
        ("--interval=1ms", "--interval=1000ms"),
        ("--timeout=1s --interval=0.2s --retries=2", "--timeout=1s --interval=1000ms --retries=2"),
        ("--interval=1m30s", "--interval=1m30s"),
        ("--interval=0", "--interval=0"),
        ("--interval=900000us --start-interval=1ns", "--interval=1000ms --start-interval=1000ms"),
    ],
)
def test_health_checks_run_no_more_often_than_allowed(scope: Scope, flags: str, given: str) -> None:
    """GATEWAY.md, 26: at 1 ms the daemon itself used half a core, outside every cgroup."""
    assert lines(scope, f"FROM course/busybox\nHEALTHCHECK {flags} CMD true")[1] == f"HEALTHCHECK {given} CMD true"


@pytest.mark.parametrize("value", ["1q", "-1s", "s", "1", "1s 1ms"])
def test_a_duration_that_go_does_not_know_is_refused(scope: Scope, value: str) -> None:
    text = f"FROM course/busybox\nHEALTHCHECK --interval={value.split()[0]} CMD true"
    if " " not in value:
        assert refusal(scope, text).status == 400


def test_triggers_in_the_file_follow_the_same_rules(scope: Scope) -> None:
    """A075."""
    given = lines(scope, "FROM course/busybox\nONBUILD COPY --from=shop:1 /a /b\nONBUILD RUN make")
    assert given[1:3] == [f"ONBUILD COPY --from={OWN} /a /b", "ONBUILD RUN make"]
    assert refusal(scope, "FROM course/busybox\nONBUILD COPY --from=victim / /x").status == 404
    assert refusal(scope, "FROM course/busybox AS s\nFROM scratch\nONBUILD COPY --from=s / /x").status == 404
    assert refusal(scope, "FROM course/busybox\nONBUILD ONBUILD RUN a").status == 400
    assert refusal(scope, "FROM course/busybox\nONBUILD FROM victim").status == 400


@pytest.mark.parametrize(
    "trigger",
    [
        f"COPY --from={FOREIGN} / /x",
        "COPY --from=victim / /x",
        "COPY --from=shop:1 / /x",
        "COPY --from=0 / /x",
        "ADD http://127.0.0.1/x /x",
        "HEALTHCHECK --interval=1ms CMD true",
        "RUN --mount=type=bind,from=victim ls",
        "RUN a\nCOPY --from=victim / /x",
        "RUN a \\",
        "RUN <<E",
        "FROM victim",
        "NONSENSE",
        "# escape=`",
    ],
)
def test_triggers_of_a_loaded_base_image_are_checked(scope: Scope, trigger: str) -> None:
    assert refusal(scope, "FROM shop:1", (trigger,)).status in (400, 403, 404)


def test_more_triggers_than_an_image_needs_are_refused(scope: Scope) -> None:
    assert refusal(scope, "FROM shop:1", ("RUN a",) * 101).status == 413


def test_harmless_triggers_of_a_base_image_pass(scope: Scope) -> None:
    rewrite(scope, "FROM shop:1", ("RUN make", f"COPY --from={OWN} /a /b", "COPY . /app", "ADD app.tar /"))
