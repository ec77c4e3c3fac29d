"""The tiers, the grouping on workers, and the record of proofs: what a run leaves out is left out for a reason."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from proven import DAYS, NEVER_SAMPLED, ROOT, Ledger, inputs_of, lesson_digest, shared_digest
from scheduling import BROWSER, group_of, rank
from tiers import ENGINE, PROOF, tier_of

LESSON = "L01-containers"
EXERCISE = "L01-stay-up"
TEST = "tests/lessons/test_answers.py::test_an_answer[L01-stay-up/wrong-one]"


def item(nodeid: str = TEST, *, fixtures: tuple[str, ...] = (), **params: Any) -> Any:
    """As much of a pytest item as tiers and record read."""
    return SimpleNamespace(nodeid=nodeid, fixturenames=fixtures, callspec=SimpleNamespace(params=params))


@pytest.mark.parametrize("fixture", sorted(PROOF))
def test_a_fixture_of_a_proof_makes_a_proof(fixture: str) -> None:
    assert tier_of(item(fixtures=("engine_url", fixture))) == "proof"


@pytest.mark.parametrize("fixture", [*sorted(ENGINE), "engine_url", "engine13_url", "engine28_containerd_url"])
def test_a_fixture_of_an_engine_makes_an_engine_test_also_by_its_name_in_a_parameter(fixture: str) -> None:
    assert tier_of(item(fixtures=("tmp_path", fixture))) == "engine"
    assert tier_of(item(fixtures=("tmp_path",), which=fixture)) == "engine"


def test_what_uses_neither_is_pure() -> None:
    assert tier_of(item(fixtures=("tmp_path", "monkeypatch"))) == "pure"


def test_tests_of_a_file_are_one_group_in_proofs_those_of_a_lesson_and_all_browsers_one() -> None:
    assert group_of("tests/checks/test_a.py::test_b[L01]") == "tests/checks/test_a.py"
    assert group_of(TEST) == "tests/lessons/test_answers.py L01"
    assert group_of(TEST.replace("L01", "L02")) == "tests/lessons/test_answers.py L02"
    assert group_of("tests/browser/test_a.py::b") == group_of("tests/browser/test_c.py::d[L01]") == BROWSER


def test_slow_folders_begin() -> None:
    assert rank("tests/browser/test_a.py::b") < rank(TEST) < rank("tests/widgets/test_a.py::b")


def test_one_file_meets_one_worker(tmp_path: Path) -> None:
    """With two real workers: each file writes down who ran its tests."""
    folder = tmp_path / "tests"
    folder.mkdir()
    shutil.copy(ROOT / "tests/support/scheduling.py", tmp_path / "scheduling.py")
    (tmp_path / "conftest.py").write_text("from scheduling import pytest_xdist_make_scheduler\n")
    for number in range(6):
        (folder / f"test_{number}.py").write_text(
            "import os, pathlib, pytest\n"
            "@pytest.mark.parametrize('n', range(9))\n"
            "def test_it(n):\n"
            f"    path = pathlib.Path({str(tmp_path)!r}) / '{number}.' / os.environ['PYTEST_XDIST_WORKER']\n"
            "    path.parent.mkdir(exist_ok=True)\n"
            "    path.touch()\n"
        )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, str(folder)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    met = [sorted(worker.name for worker in (tmp_path / f"{number}.").iterdir()) for number in range(6)]
    assert all(len(workers) == 1 for workers in met)
    assert {workers[0] for workers in met} == {"gw0", "gw1"}


NOTEBOOK = '{"cells": [{"cell_type": "code", "source": "%s", "outputs": ["%s"], "execution_count": 1}]}'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small project: a lesson with two exercises, and the code that its proofs follow from."""
    for name in (
        f"notebooks/{LESSON}/{LESSON}.ipynb",
        f"notebooks/{LESSON}/lesson.toml",
        f"notebooks/{LESSON}/prepare/shop/Dockerfile",
        f"notebooks/{LESSON}/instructor.md",
        f"notebooks/{LESSON}/answers/{EXERCISE}/answers.toml",
        f"notebooks/{LESSON}/answers/{EXERCISE}/wrong-one.py",
        f"notebooks/{LESSON}/answers/L01-other/wrong-two.py",
        "course/manifest.py",
        "course/lesson/setup.py",
        "course/images/recipes.toml",
        "course/gateway/server.py",
        "grader/checks/questions/life.py",
        "grader/checks/messages.toml",
        "tests/lessons/test_answers.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(NOTEBOOK if name.endswith(".ipynb") else "one\n")
    return tmp_path


def digest(tree: Path, module: str = "test_answers.py") -> str:
    shared_digest.cache_clear()
    lesson_digest.cache_clear()
    lesson = SimpleNamespace(id="L01", folder=tree / "notebooks" / LESSON)
    nodeid = f"tests/lessons/{module}::test_it[L01]"
    found = inputs_of(item(nodeid, lesson=lesson, answer=SimpleNamespace(exercise=EXERCISE)), tree)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "changed",
    [
        f"notebooks/{LESSON}/{LESSON}.ipynb",
        f"notebooks/{LESSON}/lesson.toml",
        f"notebooks/{LESSON}/prepare/shop/Dockerfile",
        f"notebooks/{LESSON}/answers/{EXERCISE}/answers.toml",
        f"notebooks/{LESSON}/answers/{EXERCISE}/wrong-one.py",
        "course/manifest.py",
        "course/lesson/setup.py",
        "course/images/recipes.toml",
        "grader/checks/questions/life.py",
        "grader/checks/messages.toml",
        "tests/lessons/test_answers.py",
    ],
)
def test_a_proof_is_due_again_after_a_change_of_each_kind_of_input(tree: Path, changed: str) -> None:
    before = digest(tree)
    assert digest(tree) == before
    (tree / changed).write_text(NOTEBOOK.replace("%s", "two", 1) if changed.endswith(".ipynb") else "two\n")
    assert digest(tree) != before
    (tree / changed).unlink()
    assert digest(tree) != before


@pytest.mark.parametrize(
    "changed", [f"notebooks/{LESSON}/instructor.md", f"notebooks/{LESSON}/answers/L01-other/wrong-two.py"]
)
def test_a_proof_is_not_due_after_a_change_that_it_does_not_follow_from(tree: Path, changed: str) -> None:
    before = digest(tree)
    (tree / changed).write_text("two\n")
    assert digest(tree) == before


@pytest.mark.parametrize(("module", "follows"), [("test_answers.py", False), ("test_nbval.py", True)])
def test_what_a_notebook_has_printed_counts_where_it_is_compared(tree: Path, module: str, follows: bool) -> None:
    before = digest(tree, module)
    notebook = tree / "notebooks" / LESSON / f"{LESSON}.ipynb"
    notebook.write_text(NOTEBOOK.replace('["%s"]', '["another"]'))
    assert (digest(tree, module) != before) is follows


def test_every_shared_pattern_finds_files_here() -> None:
    from proven import SHARED

    assert all(list(ROOT.glob(pattern)) for pattern in SHARED)


def test_what_passed_is_not_due_until_its_day_and_what_did_not_is(tree: Path) -> None:
    lesson = SimpleNamespace(id="L01", folder=tree / "notebooks" / LESSON)
    one = item(lesson=lesson, answer=SimpleNamespace(exercise=EXERCISE))
    assert Ledger(tree / "notebooks", 0).is_due(one)
    passed = {TEST: inputs_of(one) or ""}
    Ledger(tree / "notebooks", 0).write(passed)
    days = [Ledger(tree / "notebooks", day).is_due(one) for day in range(DAYS)]
    assert days.count(True) == 1, "once in so many days the sample has it"
    Ledger(tree / "notebooks", 0).write({TEST: "of something else"})
    assert all(Ledger(tree / "notebooks", day).is_due(one) for day in range(DAYS))


def test_a_proof_that_is_not_one_of_a_lesson_is_in_the_sample_of_a_day_with_its_file() -> None:
    ids = ["tests/browser/test_lab.py::one", "tests/browser/test_lab.py::two"]
    days = [[Ledger(ROOT / "notebooks", day).is_due(item(one)) for one in ids] for day in range(DAYS)]
    assert all(first == second for first, second in days)
    assert [first for first, _ in days].count(True) == 1


def test_what_takes_longest_is_never_in_a_days_sample(tree: Path) -> None:
    walk = item("tests/browser/test_one_persons_walk.py::test_one", fixtures=("chromium",))
    assert not any(Ledger(tree / "notebooks", day).is_due(walk) for day in range(DAYS))
    assert all((ROOT / name).exists() for name in NEVER_SAMPLED)
