"""The freezer of control groups in both versions, tried on the kernel's own files."""

from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from control_groups import version_2
from lease_holders import until

from course.gateway import freezer
from course.gateway.cgroups import ROOT, CgroupTree

SID = "abcdefabcdef"
FORKS = "import os\nwhile True:\n if os.fork() == 0: os._exit(0)\n os.wait()\n open({beats!r}, 'a').write('.')"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="control groups need root")


@pytest.fixture(params=[1, 2])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A control group that can be frozen, with a child as a session's containers are."""
    with _version_1() if request.param == 1 else version_2(tmp_path) as root:
        made = root / f"sw-test-{secrets.token_hex(4)}"  # machines with process numbers of their own share the tree
        (made / "child").mkdir(parents=True)
        yield made
        for folder in (made / "child", made):
            until(lambda folder=folder: _is_removed(folder), f"{folder} still has a process")


def _is_removed(folder: Path) -> bool:
    """Remove a group once the last process that was killed in it has gone."""
    with suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno == errno.EBUSY:
                return False
            raise
    return True


@contextmanager
def _version_1() -> Iterator[Path]:
    if not os.access(ROOT / "freezer", os.W_OK):
        pytest.skip("this machine has no freezer of version 1")
    yield ROOT / "freezer"


@dataclass(frozen=True)
class Beating:
    """A process that forks without end, and tells a file so."""

    pid: int
    told: Path

    @property
    def beats(self) -> int:
        """How often it did."""
        return self.told.stat().st_size


@pytest.fixture
def beating(tmp_path: Path, group: Path) -> Iterator[Beating]:
    """One in the child group."""
    told = tmp_path / "beats"
    process = subprocess.Popen([sys.executable, "-c", FORKS.format(beats=str(told))])
    (group / "child" / "cgroup.procs").write_text(str(process.pid))
    while not told.exists():
        assert process.poll() is None
    yield Beating(process.pid, told)
    freezer.thaw(group)
    process.kill()
    process.wait()


def test_all_below_stands_still_until_it_is_thawed(group: Path, beating: Beating) -> None:
    assert freezer.can_freeze(group)
    for _ in range(20):
        assert freezer.freeze(group)
        before = beating.beats
        assert [beating.beats for _ in range(200)] == [before] * 200
        freezer.thaw(group)
        while beating.beats == before:
            pass


def test_what_is_frozen_ends_with_its_session(group: Path, beating: Beating) -> None:
    root = group.parent
    owner = f"0-{group.name}"
    tree = CgroupTree(owner, *((2, root) if (group / freezer.V2).exists() else (1, root.parent)))
    session = root / "slipway" / owner / SID
    (session / "box").mkdir(parents=True)
    (session / "box" / "cgroup.procs").write_text(str(beating.pid))
    assert freezer.freeze(session)
    assert tree.remove(SID) and not session.exists()


def test_a_group_that_is_gone_is_nothing_to_thaw(tmp_path: Path) -> None:
    assert not freezer.can_freeze(tmp_path / "gone")
    freezer.thaw(tmp_path / "gone")
    assert not freezer.freeze(tmp_path / "gone", seconds=0)
