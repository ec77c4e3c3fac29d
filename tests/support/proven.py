"""Which proofs of lessons passed, kept beside the answers, so that `--run test` repeats only those that are due.

A proof is due when what it follows from has changed, or when today's sample has it. Its digest covers the lesson's
folder (of the answers those of its own exercise), the code of the checks and of what a lesson imports, how it is
proven, and the recipes of the base images. Gateway, kernel and pictures are shared by everything and not part of it:
the conformance table, the walk through all lessons, and the daily sample hold those.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from grader.authoring.answers import PROVEN_FILE

ROOT = Path(__file__).resolve().parents[2]
DAYS = 10
"""Within so many days the sample has had every proof once."""
NEVER_SAMPLED = ("tests/browser/test_one_persons_walk.py",)
"""These take longer than all else that a day's sample has: they run in `make proof` only."""
SHARED = (
    "course/*.py",
    "course/lesson/**/*.py",
    "course/session/**/*.py",
    "course/images/*.toml",
    "grader/authoring/*.py",
    "grader/authoring/prove/**/*.py",
    "grader/checks/**/*.py",
    "grader/checks/**/*.toml",
    "tests/lessons/conftest.py",
)
COMPARES_OUTPUTS = ("/test_nbval.py::", "::test_a_lesson_prints_the_same[")
"""The proofs that follow from what a notebook has stored as printed, through `SANITIZER`; others run each cell."""
SANITIZER = "grader/authoring/source/sanitize.cfg"
_APART = re.compile(r"(^|/)(answers|\.ipynb_checkpoints|__pycache__)(/|$)|/instructor\.md$")


def today() -> int:
    """The day of the run, the same for all of its workers, also past midnight."""
    return int(os.environ.setdefault("SLIPWAY_TEST_DAY", str(datetime.now(UTC).toordinal())))


@cache
def shared_digest(root: Path = ROOT) -> str:
    """What all lessons have in common."""
    return _digest(root, (path for pattern in SHARED for path in sorted(root.glob(pattern))))


@cache
def lesson_digest(folder: Path, exercise: str, *, outputs: bool) -> str:
    """A lesson's own files; of the answers those of one exercise, or of all where it is empty.

    Args:
        folder: of the lesson.
        exercise: its id.
        outputs: whether the stored outputs of its notebook count.
    """
    answers = folder / "answers" / exercise
    own = (path for path in sorted(folder.rglob("*")) if not _APART.search(f"/{path.relative_to(folder)}"))
    given = (path for path in sorted(answers.rglob("*")) if path.name not in (PROVEN_FILE, "mutants.json"))
    return _digest(folder, (*own, *given), outputs=outputs)


def inputs_of(item: pytest.Item, root: Path = ROOT) -> str | None:
    """The digest of all that a proof of a lesson follows from; None for other tests."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    lesson = params.get("lesson")
    if lesson is None or not item.nodeid.startswith("tests/lessons/"):
        return None
    one = params.get("exercise") or params.get("answer")
    exercise = str(getattr(one, "exercise", None) or getattr(one, "id", ""))
    module = item.nodeid.partition("::")[0]
    outputs = any(part in item.nodeid for part in COMPARES_OUTPUTS)
    proves = _digest(root, [root / module, *([root / SANITIZER] if outputs else ())])
    text = f"{item.nodeid}\0{shared_digest(root)}\0{proves}\0{lesson_digest(lesson.folder, exercise, outputs=outputs)}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class Ledger:
    """The records of all lessons.

    Args:
        notebooks: the folder of the lessons.
        day: a number that grows by one each day.
    """

    def __init__(self, notebooks: Path, day: int) -> None:
        self._notebooks = notebooks
        self._day = day
        self._passed: dict[str, str] = {}
        for path in notebooks.glob(f"*/answers/{PROVEN_FILE}"):
            self._passed |= json.loads(path.read_text("utf-8"))

    def is_due(self, item: pytest.Item) -> bool:
        """Whether a proof runs today: changed since it passed, or in the sample of the day."""
        inputs = inputs_of(item)
        if inputs is not None and self._passed.get(item.nodeid) != inputs:
            return True
        file = item.nodeid.partition("::")[0]
        if file in NEVER_SAMPLED:
            return False
        part = item.nodeid if inputs is not None else file
        return (int(hashlib.blake2b(part.encode(), digest_size=4).hexdigest(), 16) + self._day) % DAYS == 0

    def write(self, passed: dict[str, str]) -> None:
        """Keep what passed.

        Args:
            passed: the digest by a test's id.
        """
        merged = {**self._passed, **passed}
        for folder in sorted(path.parent for path in self._notebooks.glob("*/answers")):
            lesson = f"[{folder.name.partition('-')[0]}"
            own = {nodeid: digest for nodeid, digest in sorted(merged.items()) if lesson in nodeid}
            text = json.dumps(own, indent=0, ensure_ascii=False)
            (folder / "answers" / PROVEN_FILE).write_text(text + "\n", "utf-8")


def _digest(root: Path, paths: Iterable[Path], *, outputs: bool = True) -> str:
    whole = hashlib.blake2b(digest_size=16)
    for chunk in _chunks(root, paths, outputs):
        whole.update(hashlib.blake2b(chunk, digest_size=16).digest())
    return whole.hexdigest()


def _chunks(root: Path, paths: Iterable[Path], outputs: bool) -> Iterator[bytes]:
    for path in paths:
        if path.is_file():
            yield str(path.relative_to(root)).encode()
            yield path.read_bytes() if outputs or path.suffix != ".ipynb" else _without_outputs(path)


def _without_outputs(path: Path) -> bytes:
    """A notebook without what its cells have printed."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return json.dumps(notebook, sort_keys=True).encode()
