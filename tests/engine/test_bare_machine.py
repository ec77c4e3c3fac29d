"""`course engine up` and `down` where no engine answers, in namespaces of their own that stand for a bare machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and an installed dockerd"
)

Machine = Callable[..., subprocess.CompletedProcess[str]]

BARE = """
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/docker
ip link set lo up
"""


@pytest.fixture
def bare_machine() -> Machine:
    """What runs a script on a machine without an engine."""
    return on_a_bare_machine


def on_a_bare_machine(script: str, bare: str = BARE, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script with its own mounts, network and processes: no engine, no containers, an empty /run.

    Args:
        script: what the shell runs.
        bare: what it runs before, to take the machine's own engine away.
        more: variables of its environment.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DOCKER_HOST", "SLIPWAY_ENGINE", "SLIPWAY_RUNTIME_DIR", "SLIPWAY_STATE_DIR", "CI")
    }
    environment |= {"COURSE": f"{sys.executable} -m course.cli", "SLIPWAY_RUNTIME_DIR": "/run/slipway", **more}
    return subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", bare + script],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=400,  # seconds; a deadline for a busy machine
    )


def test_up_starts_an_engine_and_down_stops_exactly_that_one(bare_machine: Machine) -> None:
    Path("/var/lib/docker").mkdir(parents=True, exist_ok=True)
    done = bare_machine(
        """
        ! $COURSE engine status || exit 90
        $COURSE engine up
        $COURSE engine status --json
        $COURSE engine up >/dev/null || exit 91   # a second call finds it
        $COURSE engine down
        $COURSE engine down
        ! $COURSE engine status 2>/dev/null || exit 92
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ engine unix:///var/run/docker.sock") and "`course engine up` started it" in lines[0]
    assert json.loads(lines[1])["source"] == "socket"
    assert lines[2:] == ["✓ the engine that `course engine up` started is stopped", "✓ nothing to stop"]


def test_down_leaves_an_engine_that_somebody_else_started(bare_machine: Machine) -> None:
    done = bare_machine(
        """
        dockerd >/run/dockerd.log 2>&1 & engine=$!
        for i in $(seq 300); do $COURSE engine status >/dev/null 2>&1 && break; kill -0 $engine; done
        $COURSE engine up >/dev/null
        $COURSE engine down
        $COURSE engine status >/dev/null || exit 93
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["✓ nothing to stop"]


def test_without_an_installed_engine_and_without_consent_the_steps_are_given(bare_machine: Machine) -> None:
    done = bare_machine(
        """
        mkdir /run/bin
        for program in sh ip; do ln -s $(command -v $program) /run/bin/; done
        mount --bind /run/bin /usr/sbin
        PATH=/run/bin:/usr/bin SLIPWAY_CONSENT= $COURSE engine up
        """
    )
    assert done.returncode == 1
    assert "consent" in done.stderr or "install" in done.stderr, done.stderr


WITHOUT_DOCKER = """
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/up /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root
for folder in proc sys dev; do mount --rbind /$folder /mnt/root/$folder; done
for folder in run var/lib/docker; do mount -t tmpfs tmpfs /mnt/root/$folder; done
mkdir -p /mnt/root/var/cache/apt/archives
mount --bind $ARCHIVES /mnt/root/var/cache/apt/archives
ip link set lo up
chroot /mnt/root sh -ec '
  cd /
  dpkg --purge --force-depends docker.io containerd runc tini >/dev/null 2>&1
  ! command -v dockerd || exit 90
  ! $COURSE engine up 2>/run/refused || exit 91
  grep -q consent /run/refused || exit 92
  $COURSE engine up --yes
  command -v dockerd >/dev/null || exit 93
  $COURSE engine down
'
"""


@pytest.fixture(scope="module")
def archives(outside: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of Debian's engine, so that apt installs them on a machine that has no network."""
    folder = tmp_path_factory.mktemp("archives")
    fetch = ["apt-get", "install", "--yes", "-qq", "--reinstall", "--download-only", f"-oDir::Cache::archives={folder}"]
    done = subprocess.run(
        [*fetch, "docker.io", "containerd", "runc", "tini"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"Debian's packages cannot be fetched: {done.stderr.strip()[-300:]}")
    return folder


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs Debian or Ubuntu")
def test_with_consent_debians_engine_is_installed_and_started(bare_machine: Machine, archives: Path) -> None:
    done = bare_machine(WITHOUT_DOCKER, bare="", ARCHIVES=str(archives))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("✓")]
    assert "`course engine up` started it" in lines[0]
    assert lines[1:] == ["✓ the engine that `course engine up` started is stopped"]
