"""A first call that is interrupted goes on at the second: the engine's packages, the base images, `make setup`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import wheelhouse
from matrix import EVERYTHING

from .test_bare_machine import BARE, WITHOUT_DOCKER, archives, on_a_bare_machine
from .test_doctor_findings import archive

__all__ = ["archive", "archives"]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and an installed dockerd"
)
ROOT = Path(__file__).resolve().parents[2]
INTERRUPT = f"{sys.executable} {ROOT}/tests/support/interrupted.py"


@pytest.fixture
def bare_machine() -> object:
    """Marks the tier: a machine without an engine."""
    return on_a_bare_machine


INSTALLATION = (
    WITHOUT_DOCKER.partition("  ! $COURSE engine up")[0]
    + """
  $INTERRUPT KILL "Unpacking docker.io" $COURSE engine up --yes >/run/first 2>&1 || { cat /run/first; exit 90; }
  test -n "$(dpkg --audit)" || exit 91
  $COURSE engine up --yes
  test -z "$(dpkg --audit)" || exit 92
  $COURSE engine down
'
"""
)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs Debian or Ubuntu")
def test_a_killed_installation_of_the_engine_is_finished_by_the_next_call(bare_machine: object, archives: Path) -> None:
    done = on_a_bare_machine(INSTALLATION, bare="", ARCHIVES=str(archives), INTERRUPT=INTERRUPT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "✓ the engine that `course engine up` started is stopped"
    assert "An earlier installation was interrupted" in done.stderr


PICTURES = """
export SLIPWAY_STATE_DIR=/run/state SLIPWAY_IMAGE_SOURCES=archive
mount -t tmpfs -o size=4g tmpfs /var/lib/docker
$COURSE engine up >/dev/null
$INTERRUPT $HOW "test course/python" $COURSE images pull >/run/first 2>&1 || { cat /run/first; exit 90; }
! $COURSE doctor >/run/doctor
grep "base images" /run/doctor
$COURSE images pull >/dev/null
$COURSE doctor | grep "base images"
docker ps --all --quiet | wc -l
docker images --format '{{.Repository}}:{{.Tag}}' | sort
$COURSE engine down >/dev/null
"""


@pytest.mark.parametrize("how", ["INT", "KILL"])
def test_base_images_that_were_interrupted_are_completed(bare_machine: object, archive: Path, how: str) -> None:
    done = on_a_bare_machine(PICTURES, BARE, SLIPWAY_IMAGE_ARCHIVE=str(archive), INTERRUPT=INTERRUPT, HOW=how)
    assert done.returncode == 0, done.stdout + done.stderr
    before, after, containers, *images = done.stdout.splitlines()
    assert before.startswith("✗ base images: ") and after.startswith("✓ base images: 4 of 4")
    assert containers == "0"
    assert images == [f"course/{name}:latest" for name in ("busybox", "node", "python", "registry")]


@pytest.fixture(scope="module")
def clone(outside: None) -> Iterator[Path]:
    """A clone in a folder with a short path, and beside it every locked wheel for this Python."""
    folder = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
    try:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        wheels = wheelhouse.fetch(version, os.uname().machine, ("--extra", "grader", "--group", "dev"))
        shutil.copytree(wheels, folder / "wheels")
        shutil.copytree(wheelhouse.build_system(), folder / "wheels", dirs_exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "clone")], check=True)
        shutil.copy(ROOT / "Makefile", folder / "clone")  # as it is, committed or not
        yield folder / "clone"
    except wheelhouse.NotFetched as error:
        pytest.skip(f"packages cannot be fetched: {error}")
    finally:
        shutil.rmtree(folder)


SETUP = """
export SLIPWAY_IMAGE_SOURCES=archive HOME=/run/home
mkdir $HOME
mount -t tmpfs -o size=4g tmpfs /var/lib/docker
cd $CLONE
for how in INT KILL; do
  $INTERRUPT $how "^(.|\\n)*  installing" make setup >/run/first 2>&1 || { cat /run/first; exit 90; }
  test ! -e .venv/.installed || exit 91
done
make setup >/run/second 2>&1 || { cat /run/second; exit 92; }
.venv/bin/course doctor
du --summarize --block-size=1MB .venv

# as pip leaves a package when it is killed while it compiles: its metadata are there, its programs and RECORD are not
rm .venv/.installed .venv/bin/jupyter-lab .venv/lib/python*/site-packages/jupyterlab-*.dist-info/RECORD
make setup >/run/third 2>&1 || { cat /run/third; exit 93; }
.venv/bin/jupyter-lab --version >/dev/null || exit 94

rm -r .venv/.installed .venv/lib/python*/site-packages/pip/_vendor # as venv leaves it when it is killed
make setup >/run/fourth 2>&1 || { cat /run/fourth; exit 95; }

# what `course doctor` names in a clone
mv .venv/share/jupyter/kernels/slipway /run/kernelspec
.venv/bin/pip uninstall --quiet --yes ipywidgets
.venv/bin/course doctor >/run/faults || true
test "$(grep -cE "^✗ (kernel|ipywidgets): .*not installed  →  make -B setup$" /run/faults)" = 2 || exit 80
make -B setup >/run/fifth 2>&1 || { cat /run/fifth; exit 81; }
.venv/bin/course doctor >/run/mended || { cat /run/mended; exit 82; }

# the rest of README.md
$INTERRUPT KILL /lab/tree/L00 make lab ARGS=--no-browser >/run/lab 2>&1 || { cat /run/lab; exit 96; }
docker image rm course/busybox course/python course/node course/registry >/dev/null
make clean >/run/clean 2>&1 || { cat /run/clean; exit 97; }
test ! -e .venv || exit 98
! docker version >/dev/null 2>&1 || exit 99
rm -r ~/slipway ~/.local/state/slipway
"""


@pytest.mark.skipif(not EVERYTHING, reason="nightly, in `make proof`: it installs 190 packages")
@pytest.mark.timeout(1800)  # seconds, with the download
def test_make_setup_that_was_interrupted_goes_on(bare_machine: object, clone: Path, archive: Path) -> None:
    done = on_a_bare_machine(
        SETUP,
        BARE,
        CLONE=str(clone),
        SLIPWAY_IMAGE_ARCHIVE=str(archive),
        INTERRUPT=INTERRUPT,
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(clone.parent / "wheels"),
        VIRTUAL_ENV="",
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert "✓ base images: 4 of 4" in done.stdout and "✗ engine" not in done.stdout
    said = re.search(r"developer \| about \d+ packages, (\d+) MB", (ROOT / "README.md").read_text("utf-8"))
    taken = re.search(r"^(\d+)\t\.venv$", done.stdout, re.MULTILINE)
    assert said and taken and int(said[1]) == pytest.approx(int(taken[1]), rel=0.08)
