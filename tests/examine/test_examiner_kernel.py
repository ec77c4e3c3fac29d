"""Graded cells end in the examiner kernel as they end in a notebook, and nothing leaks from one fork to the next."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from grader.examine.kernel.client import ExaminerKernel, GradedRun, GradedRuns, KernelFailed

CELLS = {
    "no value": "x = 1",
    "prints": "print('✓ passed')",
    "part": "1.5",
    "prints and part": "print('half')\n2.0",
    "raises": "raise AssertionError('no')",
    "raises later": "print('✓')\ndef f():\n    raise AssertionError('no')\nf()",
    "renders its own traceback": (
        "class Failed(AssertionError):\n    def _render_traceback_(self):\n        return ['one', 'two', 'three']\n"
        "raise Failed()"
    ),
    "a syntax error": "x ==",
    "false": "False",
    "nan": "float('nan')",
    "negative": "-1",
    "an object": "class O:\n    def __repr__(self): return 'O'\nO()",
    "text": "'failed'",
    "stderr": "import sys\nprint('note', file=sys.stderr)\n3.0",
    "a warning": "import warnings\nwarnings.warn('old')",
    "not last": "1.5\nx = 1",
    "displayed": "from IPython.display import display\ndisplay(1.5)",
    "system exit": "raise SystemExit(1)",
    "silenced": "1.5;",
    "a magic": "%cd -q /",
    "a cell magic": "%%capture\nprint(1)",
    "several prints": "for i in range(3): print(i)",
    "awaits": "import asyncio\nawait asyncio.sleep(0)\n2.5",
}


class Nothing:
    def fetch(self, name: str) -> bytes | None:
        return None


class Learner:
    def fetch(self, name: str) -> bytes | None:
        if name == "strange":
            raise ValueError("a set")
        return {"answer": b"42"}.get(name)


@pytest.fixture(scope="module")
def kernel() -> Iterator[ExaminerKernel]:
    with ExaminerKernel(most_output=10_000) as warm:
        yield warm


def run(kernel: ExaminerKernel, source: str, seconds: float = 60) -> GradedRun:
    with kernel.fork({}) as fork:
        return fork.run(source, Path("/"), Nothing(), seconds)


@pytest.fixture(scope="module")
def in_a_notebook() -> dict[str, nbformat.NotebookNode]:
    """The same cells, run by ipykernel as nbgrader does it."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node = new_notebook(cells=[new_code_cell(source) for source in CELLS.values()], metadata={"kernelspec": kernel})
    done = NotebookClient(node, allow_errors=True, kernel_name="python3").execute()
    return dict(zip(CELLS, done.cells, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_ends_as_in_a_notebook_and_gets_the_same_points(
    name: str, kernel: ExaminerKernel, in_a_notebook: dict[str, nbformat.NotebookNode]
) -> None:
    there = in_a_notebook[name]
    here = new_code_cell(CELLS[name], outputs=[nbformat.from_dict(one) for one in run(kernel, CELLS[name]).outputs])
    for cell in (there, here):
        cell.metadata.nbgrader = {"grade": True, "grade_id": "g", "points": 4, "solution": False, "locked": True}
    nbformat.validate(new_notebook(cells=[here]))
    assert determine_grade(here) == determine_grade(there)
    assert _all_told(here.outputs) == _all_told(there.outputs)


def _all_told(outputs: list[nbformat.NotebookNode]) -> list[tuple[object, ...]]:
    """What was told, in order; a busy ipykernel sends what was printed in several pieces."""
    whole: list[nbformat.NotebookNode] = []
    for output in outputs:
        if whole and output.output_type == whole[-1].output_type == "stream" and output.name == whole[-1].name:
            whole[-1] = nbformat.from_dict({**whole[-1], "text": whole[-1].text + output.text})
        else:
            whole.append(output)
    return [_told(one) for one in whole]


def _told(output: nbformat.NotebookNode) -> tuple[object, ...]:
    kind = output.output_type
    if kind == "stream":
        return kind, output.name, output.text if "Warning" not in output.text else "a warning"
    if kind == "error":
        return kind, output.ename, output.evalue.partition(" (")[0]  # without the name of a made-up file
    return kind, sorted(output.data.items())


def test_a_check_reads_the_learners_values_and_its_verdict_comes_back(kernel: ExaminerKernel, tmp_path: Path) -> None:
    source = (
        "from grader import checks\nsaid = checks.submission()\n"
        "assert said.get('answer') == 42 and said.get('none') is None and said.get('strange') is None\n"
        "checks.grade('T', said['answer'].equals(42), said['strange'].there(), points=4)"
    )
    with kernel.fork({"SLIPWAY_EXAMINER": "1"}) as fork:
        ran = fork.run(source, tmp_path, Learner(), 30)
    (verdict,) = ran.verdicts
    assert (verdict.exercise, verdict.earned, ran.ename) == ("T", 2.0, "")
    assert ran.outputs[-1]["data"]["text/plain"] == "2.0" and "a set" in verdict.results[1].observed


def test_two_cells_of_a_submission_share_a_namespace_and_two_submissions_share_nothing(kernel: ExaminerKernel) -> None:
    spoil = "import json, builtins, os\njson.dumps = None\nbuiltins.spoilt = 1\nos.environ['SPOILT'] = '1'\nmine = 7"
    with kernel.fork({"A": "1"}) as first:
        assert not first.run(spoil, Path("/"), Nothing(), 30).ename
        assert first.run("mine", Path("/"), Nothing(), 30).outputs[0]["data"]["text/plain"] == "7"
    look = (
        "import json, builtins, os\nassert json.dumps and not hasattr(builtins, 'spoilt')\n"
        "assert 'mine' not in globals()\nprint(sorted(os.environ))"
    )
    with kernel.fork({"B": "1"}) as second:
        ran = second.run(look, Path("/"), Nothing(), 30)
        assert second.pid != first.pid
    assert not ran.ename and "'B'" in ran.outputs[0]["text"] and "'A'" not in ran.outputs[0]["text"]


def test_a_cell_whose_time_is_up_or_whose_process_ends_says_so(kernel: ExaminerKernel) -> None:
    assert run(kernel, "import time\ntime.sleep(60)", seconds=0.5).timed_out
    ended = run(kernel, "import os\nos._exit(3)")
    assert ended.died and ended.outputs[0]["output_type"] == "error"
    assert run(kernel, "1.5").outputs[0]["data"]["text/plain"] == "1.5", "the parent is as it was"


def test_output_without_end_is_cut(kernel: ExaminerKernel) -> None:
    (only,) = run(kernel, "for _ in range(100_000): print('x' * 100)").outputs
    assert len(only["text"]) < 10_200 and "left out" in only["text"]


def test_the_environment_of_the_grader_is_not_that_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "secret")
    with ExaminerKernel() as kernel:
        ran = run(kernel, "import os, json\nprint(json.dumps(dict(os.environ)))")
    assert "CANARY" not in json.loads(ran.outputs[0]["text"])


def test_proxies_of_the_grader_s_docker_configuration_reach_no_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".docker").mkdir()
    proxies = {"default": {"httpProxy": "http://user:geheim@proxy:3128"}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"proxies": proxies}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))
    asked = "from docker.utils.config import load_general_config\nprint(load_general_config())"
    with ExaminerKernel() as kernel:
        assert run(kernel, asked).outputs[0]["text"] == "{}\n"


def test_ending_the_kernel_ends_its_children_and_an_ended_one_cannot_fork() -> None:
    kernel = ExaminerKernel()
    kernel.start()
    fork = kernel.fork({})
    pids = [kernel.pid, fork.pid]
    kernel.stop()
    assert fork.run("1", Path("/"), Nothing(), 30).died
    deadline = time.monotonic() + 30
    while any(_runs(pid) for pid in pids if pid):
        assert time.monotonic() < deadline, "its processes end"
        time.sleep(0.02)
    with pytest.raises(KernelFailed):
        kernel.fork({})
    assert repr(kernel) == "<ExaminerKernel stopped>" and isinstance(fork, GradedRuns)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_it_leaves_no_folder_behind() -> None:
    with ExaminerKernel() as one:
        pattern = f"sandbox-*-{one.pid}-*"
        with one.fork({}) as runs:
            assert len(list(Path("/tmp").glob(pattern))) == 1
            assert runs.alive
    assert list(Path("/tmp").glob(pattern)) == []
