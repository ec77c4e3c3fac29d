"""Dockerfiles that are nearly the same, with a bound on the work that a learner's text may make."""

from __future__ import annotations

import json

from grader.classroom.report import dockerfiles
from grader.classroom.report.dockerfiles import alike_files, in_notebook
from grader.examine.sandbox import reach

FILE = "FROM course/busybox\nWORKDIR /app\nCOPY a /a\nRUN echo {}\nCMD ['/a']"


def written(source: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "id": "a", "source": source}]}).encode()


def test_pairs_that_are_nearly_the_same_are_found() -> None:
    files = {"ada": {"f": FILE.format("one")}, "bo": {"f": FILE.format("one")}, "eve": {"f": "FROM x\nA\nB\nC\nD"}}
    assert [(pair.one, pair.other, pair.percent) for pair in alike_files(files)] == [("ada", "bo", 100)]


def test_a_dockerfile_in_a_cell_is_found() -> None:
    assert in_notebook(written("%%dockerfile\n  FROM course/busybox\nRUN true")) == {
        "a": "  FROM course/busybox\nRUN true"
    }


def test_millions_of_newlines_and_spaces_take_no_time() -> None:
    """With a square of the length each of these takes hours."""
    for text in ("\n" * 7_000_000, " " * 7_000_000, "FROM" + " " * 7_000_000, "FROM\t" * 1_000_000):
        assert len(in_notebook(written(text)).get("a", "")) <= dockerfiles.MOST_SOURCE


def test_large_dockerfiles_are_compared_by_their_beginning() -> None:
    large = FILE.format("x" * 3_000_000)
    files = {str(number): {"f": large + str(number)} for number in range(4)}
    files |= {"ada": {"f": FILE.format("one")}, "bo": {"f": FILE.format("one ")}}
    assert ("ada", "bo") in {(pair.one, pair.other) for pair in alike_files(files)}


def test_a_machine_is_looked_for_in_16_megabytes_of_spaces() -> None:
    for text in (b"machine(" + b" " * 16_000_000, b"machine(" * 2_000_000):
        assert reach._MACHINE.search(text) is None
    assert reach._MACHINE.search(b'x = machine( \\"peer\\" )')[1] == b"peer"  # type: ignore[index]
