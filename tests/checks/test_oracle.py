"""Files, metadata and commands: on the same images, our checks and Google's container-structure-test agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader import checks
from grader.checks import Check

NOTES = "/app/notes.txt"
PROGRAM = Path(sys.executable).parent / "container-structure-test"


def agree(image: str) -> list[tuple[str, dict[str, object], Check]]:
    """Pairs of one question: in the words of the oracle, and as a check."""
    subject = checks.image(image)

    def meta(**wanted: object) -> dict[str, object]:
        return {"metadataTest": wanted}

    def file(path: str, exists: bool, **wanted: object) -> dict[str, object]:
        owner = {"uid": -1, "gid": -1}  # any; in JSON the oracle takes an absent owner as root
        return {"fileExistenceTests": [{"name": "t", "path": path, "shouldExist": exists, **owner, **wanted}]}

    def content(path: str, pattern: str) -> dict[str, object]:
        return {"fileContentTests": [{"name": "t", "path": path, "expectedContents": [pattern]}]}

    def command(words: list[str], code: int, output: str) -> dict[str, object]:
        test = {"name": "t", "command": words[0], "args": words[1:], "exitCode": code, "expectedOutput": [output]}
        return {"commandTests": [test]}

    return [
        ("cmd", meta(cmd=["one", "two"]), subject.cmd("one", "two")),
        ("other cmd", meta(cmd=["one"]), subject.cmd("one")),
        ("entrypoint", meta(entrypoint=["echo"]), subject.entrypoint("echo")),
        ("other entrypoint", meta(entrypoint=["cat"]), subject.entrypoint("cat")),
        ("workdir", meta(workdir="/app"), subject.workdir("/app")),
        ("other workdir", meta(workdir="/srv"), subject.workdir("/srv")),
        ("user", meta(user="app"), subject.user("app")),
        ("other user", meta(user="root"), subject.user("root")),
        ("port", meta(exposedPorts=["8000"]), subject.exposes(8000)),
        ("other port", meta(exposedPorts=["80"]), subject.exposes(80)),
        ("env", meta(envVars=[{"key": "GREETING", "value": "hello there"}]), subject.env("GREETING", "hello there")),
        ("other env", meta(envVars=[{"key": "GREETING", "value": "bye"}]), subject.env("GREETING", "bye")),
        ("no env", meta(envVars=[{"key": "OTHER", "value": "x"}]), subject.env("OTHER", "x")),
        ("label", meta(labels=[{"key": "stage", "value": "test"}]), subject.label("stage", "test")),
        ("other label", meta(labels=[{"key": "stage", "value": "live"}]), subject.label("stage", "live")),
        ("file", file(NOTES, True), subject.has_file(NOTES)),
        ("mode", file(NOTES, True, permissions="-rw-r-----"), subject.has_file(NOTES, mode=0o640)),
        ("other mode", file(NOTES, True, permissions="-rwxr-----"), subject.has_file(NOTES, mode=0o740)),
        ("no file", file("/nothing", True), subject.has_file("/nothing")),
        ("absent", file("/nothing", False), subject.lacks_file("/nothing")),
        ("not absent", file(NOTES, False), subject.lacks_file(NOTES)),
        ("content", content(NOTES, "second line"), subject.has_file(NOTES, contains="second line")),
        ("other content", content(NOTES, "third"), subject.has_file(NOTES, contains="third")),
    ]  # fmt: skip


NAMES = [name for name, _oracle, _check in agree("any")]


@pytest.fixture(scope="module")
def oracle(images: dict[str, str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """What container-structure-test says to each question."""
    folder = tmp_path_factory.mktemp("oracle")
    answers = {}
    for name, question, _check in agree(images["good"]):
        config = folder / f"{name}.json"
        config.write_text(json.dumps({"schemaVersion": "2.0.0", **question}))
        done = subprocess.run(
            [PROGRAM, "test", "--image", f"{images['good']}:latest", "--config", config, "--output", "json"],
            env={"DOCKER_HOST": engine_url, "PATH": "/usr/bin:/bin", "HOME": str(folder)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout)
        assert told["Pass"] + told["Fail"] == 1, done.stderr
        answers[name] = told["Fail"] == 0
    return answers


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_agrees(bench: object, images: dict[str, str], oracle: dict[str, bool], name: str) -> None:
    check = next(check for each, _oracle, check in agree(images["good"]) if each == name)
    assert check.run().passed == oracle[name]


def test_the_oracle_says_yes_and_no(oracle: dict[str, bool]) -> None:
    assert 8 <= sum(oracle.values()) <= len(oracle) - 8, "a comparison in which one side always says the same is none"
