"""A learner's Dockerfile: its text, its build, and what a second build takes from the cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from grader import checks
from grader.checks import Check, Outcome
from grader.checks.subjects import Dockerfile

Says = Callable[[Check], str]
Write = Callable[..., None]

TWO_STAGES = """\
ARG BASE=course/busybox
FROM $BASE AS build
COPY app.txt requirements.txt /src/
RUN cat /src/app.txt > /made
FROM course/busybox
COPY --from=build /made /made
CMD ["cat", "/made"]
"""

TEXT = [
    (lambda d: d.exists(), "passed"),
    (lambda d: d.starts_from("course/busybox:latest"), "passed"),
    (lambda d: d.starts_from("course/node"), "dockerfile.other_base"),
    (lambda d: d.has("COPY", "--from=build"), "passed"),
    (lambda d: d.has("COPY", "--from=base"), "dockerfile.other_instruction"),
    (lambda d: d.has("HEALTHCHECK"), "dockerfile.no_instruction"),
    (lambda d: d.lacks("ADD"), "passed"),
    (lambda d: d.lacks("RUN", "cat"), "dockerfile.unwanted"),
    (lambda d: d.exec_form("CMD"), "passed"),
    (lambda d: d.exec_form("RUN"), "dockerfile.shell_form"),
    (lambda d: d.exec_form("ENTRYPOINT"), "dockerfile.no_instruction"),
    (lambda d: d.stages(2), "passed"),
    (lambda d: d.stages(3), "dockerfile.few_stages"),
    (lambda d: d.order(("COPY", "app.txt"), ("RUN", "cat")), "passed"),
    (lambda d: d.order(("CMD", "cat"), ("RUN", "cat")), "dockerfile.other_order"),
    (lambda d: d.order(("COPY", "nothing"), ("RUN", "cat")), "dockerfile.no_instruction"),
]


@pytest.mark.parametrize(("ask", "answer"), TEXT)
def test_the_text_is_read_without_an_engine(
    bench: object, write: Write, says: Says, ask: Callable[[Dockerfile], Check], answer: str
) -> None:
    write(**{"app/Dockerfile": TWO_STAGES})
    assert says(ask(checks.dockerfile("app/Dockerfile"))) == answer


def test_absent_empty_and_unchanged_were_not_attempted(bench: object, write: Write) -> None:
    answers = []
    for text in (None, "# TODO\n", "FROM course/busybox\n# TODO: more\n"):
        if text is not None:
            write(Dockerfile=text)
        result = checks.dockerfile("Dockerfile", starter="FROM course/busybox\n").exists().run()
        answers.append((result.outcome, result.message))
    wanted = ["dockerfile.absent", "dockerfile.empty", "dockerfile.untouched"]
    assert answers == [(Outcome.NOT_ATTEMPTED, message) for message in wanted]


def test_the_image_of_a_dockerfile_is_built_once_and_taken_away(
    bench: object, write: Write, client: docker.DockerClient
) -> None:
    write(**{"app/Dockerfile": TWO_STAGES, "app/app.txt": "made of text", "app/requirements.txt": ""})
    app = checks.dockerfile("app/Dockerfile")
    before = len(client.api.images(all=True))
    verdict = checks.judge(
        "t", app.builds(), app.built.cmd("cat", "/made"), app.built.runs(prints="made of text"), points=3
    )
    assert [result.message for result in verdict.results] == ["", "", ""]
    assert len(client.api.images(all=True)) == before


def test_an_image_of_the_learners_survives_a_build_that_gives_the_same_one(
    bench: object, write: Write, client: docker.DockerClient, tmp_path: Path, says: Says
) -> None:
    write(Dockerfile="FROM course/busybox\nLABEL a=1\nLABEL b=2\n")
    image, _log = client.images.build(path=str(tmp_path), rm=True)  # without a name, as a beginner does
    try:
        assert says(checks.dockerfile("Dockerfile").builds()) == "passed"
        assert client.images.get(image.id).id == image.id
    finally:
        client.images.remove(image.id)


BUILDS = [
    ("FROM course/busybox\nRUN true\nRUN echo why; exit 3\n", "build.failed", ["line 3", "why"]),
    ("FROM course/busybox\nCOPY absent.txt /\n", "build.failed", ["line 2", "absent.txt"]),
    ("FROM course/busybox\nRUNN true\n", "build.syntax", ["RUNN"]),
    ("FROM no-such-image-of-anybody\n", "build.failed", ["line 1"]),
    ("FROM course/busybox\nRUN sleep 60\n", "build.too_slow", ["RUN sleep"]),
]


@pytest.mark.parametrize(("text", "answer", "shown"), BUILDS)
def test_a_build_that_fails_names_its_instruction_and_line(
    bench: object, write: Write, text: str, answer: str, shown: list[str]
) -> None:
    write(Dockerfile=text)
    result = checks.dockerfile("Dockerfile").builds(within=5).run()
    assert result.message == answer
    assert all(part in result.observed for part in shown), result.observed


def test_a_context_that_is_too_large_is_refused_before_it_is_sent(bench: object, write: Write, tmp_path: Path) -> None:
    write(Dockerfile="FROM course/busybox\n")
    with (tmp_path / "large").open("wb") as sparse:
        sparse.truncate(300 * 1024 * 1024)
    assert checks.dockerfile("Dockerfile").builds().run().message == "build.context"


CACHED = """\
FROM course/busybox
COPY requirements.txt /src/
RUN sort /src/requirements.txt > /installed
COPY app.txt /src/
"""
ALL_AT_ONCE = """\
FROM course/busybox
COPY . /src/
RUN sort /src/requirements.txt > /installed
"""


@pytest.mark.parametrize(
    ("text", "ignore", "file", "instruction", "answer"),
    [
        (CACHED, "", "app.txt", "RUN sort", "passed"),
        (ALL_AT_ONCE, "", "app.txt", "RUN sort", "rebuild.ran_again"),
        (ALL_AT_ONCE, "app.txt\n", "app.txt", "RUN", "rebuild.not_in_image"),
        (CACHED, "", "app.txt", "RUN npm", "rebuild.no_instruction"),
        (CACHED, "", "absent.txt", "RUN", "rebuild.no_file"),
    ],
)
def test_a_second_build_shows_what_the_cache_kept(
    bench: object, write: Write, says: Says, text: str, ignore: str, file: str, instruction: str, answer: str
) -> None:
    write(**{"app/Dockerfile": text, "app/app.txt": "a\n", "app/requirements.txt": "b\n", "app/.dockerignore": ignore})
    check = checks.dockerfile("app/Dockerfile").reuses_cache(after_changing=file, instruction=instruction)
    assert says(check) == answer


STAGES = (
    ALL_AT_ONCE.replace("FROM course/busybox", "FROM course/busybox AS all")
    + """\
FROM course/busybox
COPY --from=all /installed /
RUN sort /installed
"""
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (CACHED, "passed"),
        (ALL_AT_ONCE, "rebuild.ran_again"),
        (STAGES, "rebuild.ran_again"),
        (CACHED.replace("app.txt", "a*.txt"), "passed"),
        (CACHED.replace("app.txt", "requirements.txt"), "rebuild.not_in_image"),
        (CACHED.replace("RUN sort", "RUN cat"), "rebuild.no_instruction"),
    ],
)
def test_where_builds_have_no_cache_the_text_decides(
    bench: object, write: Write, says: Says, monkeypatch: pytest.MonkeyPatch, text: str, answer: str
) -> None:
    """A session with the grading policy may build without a cache; docker-py's own `nocache` stands for it here."""
    from docker.api.build import BuildApiMixin

    build = BuildApiMixin.build
    monkeypatch.setattr(BuildApiMixin, "build", lambda self, **options: build(self, nocache=True, **options))
    write(**{"app/Dockerfile": text, "app/app.txt": "a\n", "app/requirements.txt": "b\n"})
    check = checks.dockerfile("app/Dockerfile").reuses_cache(after_changing="app.txt", instruction="RUN sort")
    assert says(check) == answer


def test_dockerignore_by_the_rules_of_the_client(bench: object, write: Write, says: Says) -> None:
    write(Dockerfile="FROM course/busybox\n")
    kept_out = checks.dockerfile("Dockerfile").ignores("secret.env", "node_modules/a/b.js")
    assert says(kept_out) == "dockerfile.no_ignore"
    write(**{".dockerignore": "# secrets\n*.env\nnode_modules\n"})
    assert says(kept_out) == "passed"
    write(**{".dockerignore": "*.env\nnode_modules\n!secret.env\n"})
    assert says(kept_out) == "dockerfile.not_ignored"


def test_lint_is_advice_and_never_costs_points(bench: object, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(Dockerfile="FROM course/busybox\nWORKDIR app\nCMD echo hello\n")
    file = checks.dockerfile("Dockerfile")
    assert checks.grade("t", file.exists(), file.lint(), points=2) is None
    assert "• advice" in capsys.readouterr().out
    write(Dockerfile='FROM course/busybox\nWORKDIR /app\nCMD ["echo", "hello"]\n')
    assert file.lint().run().passed


def test_nothing_outside_the_lesson_is_read_or_built(
    bench: object, write: Write, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, says: Says
) -> None:
    outside = tmp_path_factory.mktemp("instructor")
    (outside / "Dockerfile").write_text("FROM course/busybox\nLABEL answer=secret\n")
    (outside / "a.txt").write_text("a\n")
    (tmp_path / "linked").symlink_to(outside)
    (tmp_path / "Dockerfile").symlink_to(outside / "Dockerfile")
    for path in ("Dockerfile", "linked/Dockerfile", str(outside / "Dockerfile"), "../Dockerfile"):
        file = checks.dockerfile(path)
        for check in (file.has("EXPOSE", "x"), file.builds(), file.lint(), file.reuses_cache(after_changing="a.txt")):
            result = check.run()
            assert result.message in ("dockerfile.outside", "dockerfile.absent")
            assert "secret" not in result.observed
    write(**{"app/Dockerfile": CACHED, "app/requirements.txt": ""})
    (tmp_path / "app/app.txt").symlink_to(outside / "a.txt")
    assert says(checks.dockerfile("app/Dockerfile").reuses_cache(after_changing="app.txt")) == "rebuild.no_file"
    assert (outside / "a.txt").read_text() == "a\n"


def test_a_folder_with_what_is_no_file_is_refused_instead_of_read(
    bench: object, write: Write, tmp_path: Path, says: Says
) -> None:
    write(**{"app/Dockerfile": CACHED, "app/app.txt": "", "app/requirements.txt": ""})
    os.mkfifo(tmp_path / "app/pipe")
    file = checks.dockerfile("app/Dockerfile")
    assert says(file.builds()) == "build.strange_file"
    assert says(file.reuses_cache(after_changing="app.txt")) == "build.strange_file"
    (tmp_path / "app/pipe").rename(tmp_path / "app/.dockerignore")
    assert says(file.builds()) == "build.strange_file"
