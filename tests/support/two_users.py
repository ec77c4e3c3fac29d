"""Two users of one machine beside the instructor, an honest one and one who is not: real ones, of a test machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.classroom.collecting.exchange import Collected, Exchange, collect
from grader.classroom.roster import Learner
from grader.classroom.workspace import Workspace

HONEST, MAL = "honest", "mal"
LESSON = "T01-greeter"
SECRET = "BEGIN HIDDEN TESTS canary"
NINE, TEN, ELEVEN = (f"2026-01-05 {hour}:00:00.000000 UTC" for hour in ("09", "10", "11"))


@contextmanager
def two_users() -> Iterator[None]:
    """Make both users; only a machine that is thrown away afterwards gets them (tests/support/own_machine.sh)."""
    if os.geteuid() != 0 or "SLIPWAY_OUTSIDE" not in os.environ:
        pytest.skip("users are made on a test machine of its own only: tests/support/own_machine.sh")
    copy = Path(tempfile.mkdtemp(prefix="sw-etc-"))
    subprocess.run(["cp", "-a", "/etc/.", str(copy)], check=True)
    subprocess.run(["mount", "--bind", str(copy), "/etc"], check=True)
    try:
        for user in (HONEST, MAL):
            subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", user], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", "/etc"], check=True)
        shutil.rmtree(copy)


def notebook(answer: str) -> bytes:
    """A small notebook with an answer."""
    node = new_notebook(cells=[new_code_cell(answer, id="answer")])
    return nbformat.writes(node).encode()


@dataclass
class SharedMachine:
    """An instructor's workspace with an exchange that both users can write to.

    Args:
        root: the workspace.
    """

    root: Path
    roster: tuple[Learner, ...] = (Learner(HONEST), Learner(MAL))

    @classmethod
    def make(cls, folder: Path) -> SharedMachine:
        """Make it in a folder that others may enter."""
        root = folder / "class"
        for name in ("release", "source"):
            (root / name / LESSON).mkdir(parents=True)
            text = SECRET if name == "source" else "# your code here"
            (root / name / LESSON / f"{LESSON}.ipynb").write_bytes(notebook(text))
        (root / "source" / LESSON / f"{LESSON}.ipynb").chmod(0o600)
        (root / "submitted").mkdir()
        (root / "nbgrader_config.py").write_text("c = get_config()\n")
        made = cls(root)
        made.inbound.mkdir(parents=True)
        (root / "exchange").chmod(0o1777)
        made.inbound.chmod(0o3733)
        for path in (folder, root):
            path.chmod(0o755)
        return made

    @property
    def inbound(self) -> Path:
        """Where hand-ins are made."""
        return self.root / "exchange" / "slipway" / "inbound"

    def as_user(self, user: str, script: str, **variables: str) -> None:
        """Run a shell script as one of the users, in the inbound folder.

        It knows $SOURCE, the instructor's notebook; `entry ID TIME` makes and enters a hand-in; `notebook TEXT` prints
        a notebook with that answer.
        """
        told = {"SOURCE": str(self.root / "source" / LESSON / f"{LESSON}.ipynb"), "L": LESSON, "N": f"{LESSON}.ipynb"}
        blank = notebook("ANSWER").decode()
        functions = f"""
set -e
entry() {{ cd "{self.inbound}"; mkdir "./$1+$L+$2+x"; chmod 777 "./$1+$L+$2+x"; cd "./$1+$L+$2+x"; }}
notebook() {{ cat <<'END' | sed "s/ANSWER/$1/"
{blank}
END
}}
"""
        subprocess.run(
            ["sh", "-c", functions + script],
            user=user,
            group=user,
            extra_groups=[],
            cwd=self.inbound.parent,
            env={"PATH": os.environ["PATH"], "HOME": "/", **told, **variables},
            check=True,
            timeout=300,
        )

    def hands_in(self, user: str, answer: str, when: str, student: str = "") -> None:
        """An ordinary hand-in of a user, under their own id or another."""
        self.as_user(user, 'entry "$WHO" "$WHEN"; notebook "$WHAT" >$N', WHO=student or user, WHEN=when, WHAT=answer)

    def collect(self) -> Collected:
        """Collect, as the instructor does."""
        return collect(Workspace(self.root), Exchange(self.root / "exchange", "slipway"), LESSON, self.roster)

    def submitted(self) -> dict[str, bytes]:
        """What is in submitted/, by path; asserts that it is plain files of the instructor's own."""
        found = {}
        for path in sorted((self.root / "submitted").rglob("*")):
            status = path.lstat()
            assert status.st_uid == os.geteuid() and not path.is_symlink(), path
            assert status.st_mode & 0o7777 == (0o755 if path.is_dir() else 0o644), (path, oct(status.st_mode))
            if path.is_file():
                assert status.st_nlink == 1
                found[str(path.relative_to(self.root / "submitted"))] = path.read_bytes()
        return found

    def answers(self) -> dict[str, str]:
        """The answer of each learner's notebook in submitted/."""
        found = {}
        for path, content in self.submitted().items():
            assert SECRET.encode() not in content, f"{path} has the hidden tests"
            if path.endswith(".ipynb"):
                found[path.partition("/")[0]] = nbformat.reads(content.decode(), 4).cells[0].source
        return found
