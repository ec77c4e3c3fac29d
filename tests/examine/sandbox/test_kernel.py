"""What a submission kernel does for an honest learner."""

from __future__ import annotations

import pytest

from grader.examine.sandbox import SubmissionKernel


def test_a_cell_has_the_outputs_that_a_notebook_keeps(shared: SubmissionKernel) -> None:
    ran = shared.run("print('hello'); print('world'); 1 + 1", 30)
    assert ran.status == "ok"
    printed, result = ran.outputs
    assert printed == {"output_type": "stream", "name": "stdout", "text": "hello\nworld\n"}
    assert result["output_type"] == "execute_result"
    assert result["data"] == {"text/plain": "2"}


def test_an_error_has_its_name_and_the_kernel_goes_on(shared: SubmissionKernel) -> None:
    ran = shared.run("1/0", 30)
    assert (ran.status, ran.ename, ran.evalue) == ("error", "ZeroDivisionError", "division by zero")
    assert ran.outputs[-1]["output_type"] == "error"
    assert shared.run("1", 30).status == "ok"


def test_a_lesson_runs_on_the_session(shared: SubmissionKernel) -> None:
    cell = """
import docker
from course.lesson import setup, reset
client = docker.from_env()
setup("L01")
print(client.containers.run("course/busybox", ["echo", "from a container"], remove=True))
reset()
"""
    ran = shared.run(cell, 60)
    assert ran.status == "ok", ran
    assert "from a container" in ran.outputs[0]["text"]


def test_a_cell_that_takes_too_long_is_interrupted_and_the_next_one_runs(shared: SubmissionKernel) -> None:
    ran = shared.run("while True: pass", 1)
    assert (ran.status, ran.ename) == ("timed_out", "KeyboardInterrupt")
    assert shared.run("1", 30).status == "ok"


def test_a_value_comes_as_json(shared: SubmissionKernel) -> None:
    shared.run("answer = {'tea': [1, 2.5, None, True, 'ü']}; odd = {1, 2}; nothing = None", 30)
    assert shared.fetch("answer") == b'{"tea": [1, 2.5, null, true, "\\u00fc"]}'
    assert shared.fetch("nothing") is None
    assert shared.fetch("never_made") is None
    with pytest.raises(ValueError, match=r"^a set$"):
        shared.fetch("odd")


def test_files_that_a_cell_writes_are_seen_outside(shared: SubmissionKernel) -> None:
    shared.run("from pathlib import Path\nPath('parts/more.txt').write_text('bread')", 30)
    assert (shared.folder / "parts/more.txt").read_text() == "bread"
    assert (shared.folder / "shop.py").read_text() == "print('open')\n"
    shared.run("Path('parts/more.txt').unlink()", 30)
    assert not (shared.folder / "parts/more.txt").exists()
