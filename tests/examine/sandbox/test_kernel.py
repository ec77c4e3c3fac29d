"""What a submission kernel does for an honest learner."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_world import FILES, SMALL, printed

from course import gateway
from grader.examine.errors import NotIsolated
from grader.examine.sandbox import SubmissionKernel, available
from grader.examine.sandbox.house import House


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


@pytest.fixture(params=["cold", "warm"])
def secretive(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """What makes kernels in each way, in a grader whose environment holds a secret."""
    monkeypatch.setenv("GRADERS_SECRET", "the secret of the grader")
    made = House(warm=request.param == "warm")
    yield made
    made.close()


def test_a_kernel_knows_nothing_of_the_grader_and_nothing_of_the_one_before(
    secretive: House, own_session: gateway.Session
) -> None:
    search = """
from pathlib import Path
import os, gc, random, socket, sys
found = [os.environ.get("GRADERS_SECRET"), os.path.exists("/tmp/left"), "left" in sys.modules]
for path in Path("/proc").glob("[0-9]*/environ"):
    try:
        found.append(b"secret of the grader" in path.read_bytes())
    except OSError:
        pass
found.append(any("secret of the" + " grader" == one for one in gc.get_objects() if isinstance(one, str)))
print(found, len(os.listdir("/proc/self/fd")) < 60)
"""
    told = []
    for _ in range(2):
        with SubmissionKernel(FILES, own_session, SMALL, "zoe", within=secretive) as kernel:
            assert "True" not in printed(kernel, search).partition("]")[0]
            told.append(printed(kernel, "import random, secrets; print(random.random(), os.getuid())"))
            printed(kernel, "import sys, types; sys.modules['left'] = types; open('/tmp/left', 'w').write('x')")
    assert told[0] != told[1]


def test_a_second_machine_is_there_because_a_file_asks_for_it(house: House, engine_url: str) -> None:
    notebook = b'{"cells": [{"source": ["tom = machine(\\"colleague\\")"]}]}'
    with (
        gateway.session("grading") as session,
        SubmissionKernel({"L06-share.ipynb": notebook}, session, SMALL, "zoe", within=house) as kernel,
    ):
        cell = """
import docker
from course.lesson import machine, reset, setup
tom, own = machine("colleague"), docker.from_env()
tom.images.get("course/busybox").tag("seen", tag="there")
print(len(tom.images.list("seen")), len(own.images.list("seen")))
tom.images.remove("seen:there")
"""
        assert printed(kernel, cell) == "1 0\n"
        assert kernel.run("machine('stranger')", 60).status == "error"


def test_where_bubblewrap_is_not_there_nothing_runs_unless_it_is_trusted(
    own_session: gateway.Session, house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not available()
    assert "bubblewrap" in available().observed
    assert "apt-get install bubblewrap" in available().try_next
    with pytest.raises(NotIsolated, match="bwrap"), SubmissionKernel(FILES, own_session, SMALL, "zoe", within=house):
        pass
    with SubmissionKernel(FILES, own_session, SMALL, "zoe", within=house, trusted=True) as kernel:
        assert (
            printed(kernel, "import docker; docker.from_env().ping(); print(open('shop.py').read())")
            == "print('open')\n\n"
        )
        assert printed(kernel, "import os; print(os.getuid())").strip() == str(os.getuid())
        assert (kernel.folder / "shop.py").read_text() == "print('open')\n"
        assert kernel.run("while True: pass", 1).status == "timed_out"
        assert kernel.run("1", 60).status == "ok"


def test_a_bubblewrap_that_cannot_work_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "No permissions to create new namespace" in available().observed
    assert "root" in available().try_next


def test_a_warm_parent_that_was_killed_is_started_again(house: House, own_session: gateway.Session) -> None:
    if house.parent is None:
        pytest.skip("only root has a warm parent")
    for _ in range(2):
        with SubmissionKernel(FILES, own_session, SMALL, "zoe", within=house) as kernel:
            assert printed(kernel, "print(1)") == "1\n"
        house.parent.kill()
