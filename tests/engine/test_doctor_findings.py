"""Each finding of `course doctor` on a machine that has the fault: its line, and that the command there repairs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from elsewhere import USER, run_elsewhere

from course.doctor import examine
from course.images import BASES
from course.images.recipe import LABEL_RECIPE

from .test_bare_machine import BARE, on_a_bare_machine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="faults of machines are made by root")


@pytest.fixture
def bare_machine() -> object:
    """Marks the tier: a machine without an engine."""
    return on_a_bare_machine


@pytest.fixture(scope="module")
def archive(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base images as an instructor hands them out."""
    file = tmp_path_factory.mktemp("archive") / "images.tar"
    environment = {**os.environ, "SLIPWAY_ENGINE": engine_url}
    subprocess.run([sys.executable, "-m", "course.cli", "images", "save", str(file)], env=environment, check=True)
    return file


FAULTS = """
export SLIPWAY_STATE_DIR=/run/state SLIPWAY_IMAGE_SOURCES=archive
mount -o remount,size=4g /var/lib/docker 2>/dev/null || mount -t tmpfs -o size=4g tmpfs /var/lib/docker
tell() { echo "== $1"; $COURSE doctor | grep -E "^. ($2):" || true; }
tell no-engine "engine"
$COURSE engine up >/dev/null
tell engine "engine|base images"
$COURSE images pull >/dev/null
tell images "base images|free disk"
printf 'FROM course/node\\nLABEL %s=older\\n' "$LABEL" | DOCKER_BUILDKIT=0 docker build -q -t course/node - >/dev/null
tell older "base images"
$COURSE images pull >/dev/null
tell again "base images"
fallocate -l 2500M /var/lib/docker/filler
tell full "free disk"
df -h | grep -c /var/lib/docker
rm /var/lib/docker/filler
tell freed "free disk"
$COURSE engine down >/dev/null
"""


def test_engine_base_images_and_disk(bare_machine: object, archive: Path) -> None:
    done = on_a_bare_machine(FAULTS, BARE, SLIPWAY_IMAGE_ARCHIVE=str(archive), LABEL=LABEL_RECIPE)
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(re.findall(r"^== (\S+)\n((?:[^=].*\n)*)", done.stdout, re.MULTILINE))
    count = len(BASES)
    assert said["no-engine"].startswith("✗ engine: ") and said["no-engine"].endswith("→  `course engine up`\n")
    assert said["engine"].startswith("✓ engine: unix:///var/run/docker.sock")
    assert f"✗ base images: 0 of {count}, missing" in said["engine"]
    assert "→  course images pull\n" in said["engine"]
    assert f"✓ base images: {count} of {count}\n" in said["images"] and "✓ free disk: " in said["images"]
    older = f"✗ base images: {count - 1} of {count}, of another version of the course node  →  course images pull\n"
    assert said["older"] == older
    assert said["again"] == f"✓ base images: {count} of {count}\n"
    assert re.match(r"✗ free disk: \d\.\d GiB  →  free some space; `df -h` shows the disks\n1\n", said["full"])
    assert said["freed"].startswith("✓ free disk: ")


PERMISSION = """
import os, subprocess, sys

def sh(script):
    return subprocess.run(["sh", "-ec", script], check=True, capture_output=True, text=True).stdout

doctor = [sys.executable, "-m", "course.cli", "doctor"]
user = ["setpriv", "--reuid=ada", "--regid=ada", "--init-groups"]
sh("mkdir /mnt/up /mnt/work; mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc")
sh("chmod 0711 /mnt; useradd --home-dir /mnt/own --uid 4243 ada; chown ada /mnt/own")
print(subprocess.run([*user, *doctor], capture_output=True, text=True).stdout.splitlines()[0])
sh("usermod -aG docker ada")
print(subprocess.run([*user, *doctor], capture_output=True, text=True).stdout.splitlines()[0])
"""


def test_a_user_who_may_not_use_the_engine(engine_url: str) -> None:
    """The command is `sudo usermod -aG docker $USER`; the accounts of this machine stay as they are."""
    done = run_elsewhere(Path("/home/ada/slipway"), 0, engine_url, ["-c", PERMISSION])
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = done.stdout.splitlines()
    assert before.startswith("✗ engine: ") and "sudo usermod -aG docker $USER" in before
    assert after.startswith("✓ engine: unix://")


def test_an_ordinary_user_of_group_docker_finds_nothing_wrong(engine_url: str) -> None:
    done = run_elsewhere(Path("/home/ada/slipway"), USER, engine_url, ["-m", "course.cli", "doctor"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_browser_is_told_and_keeps_no_learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", "unix:///nonexistent.sock")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = next(one for one in examine() if one.what == "browser for tests")
    assert found.line == "✗ browser for tests: none  →  sudo apt-get install chromium" and not found.needed
    program = tmp_path / "chromium"  # what the package brings
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert next(one for one in examine() if one.what == "browser for tests").line == f"✓ browser for tests: {program}"


def test_every_finding_has_its_test() -> None:
    """A finding that is added to `doctor.py` comes with the machine that has the fault."""
    source = Path(examine.__code__.co_filename).read_text()
    named = set(re.findall(r"Finding\(\"([^\"]+)\", (?!True,)", source))
    tested = "".join(path.read_text() for path in Path(__file__).parent.parent.rglob("test_*doctor*.py"))
    tested += (Path(__file__).parent.parent / "install" / "test_wheel.py").read_text()
    assert named and [name for name in sorted(named) if f"✗ {name}: " not in tested] == []
