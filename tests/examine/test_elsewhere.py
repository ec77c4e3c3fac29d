"""Grading wherever this course is installed, and whoever grades: below /home as a user without root, below /tmp."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SANDBOX = "tests/examine/sandbox"
USER = 4242
# Mounts that end with the command: the checkout at another place, and Python where every user may pass
ELSEWHERE = """
set -e
checkout=$1; place=$2; python=$3; user=$4; shift 4
mount -t tmpfs tmpfs /mnt
mkdir /mnt/checkout /mnt/python
mount --bind "$checkout" /mnt/checkout
mount --bind "$python" /mnt/python
case $place in /home/*) mount -t tmpfs -o mode=0755 tmpfs /home;; esac
case $python in /root/*)
  mount -t tmpfs -o mode=0755 tmpfs /root
  mkdir -p "$python"
  mount --bind /mnt/python "$python";;
esac
mkdir -p "$place" /mnt/own
mount --bind /mnt/checkout "$place"
echo "$place" >/mnt/editable
for file in "$place"/.venv/lib/*/site-packages/*slipway.pth; do mount --bind /mnt/editable "$file"; done
chown "$user" /mnt/own
cd "$place"
exec "$@"
"""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root mounts, and becomes another user")


def run_elsewhere(place: Path, user: int, engine_url: str, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Run tests of the checkout as if it were at another place, as another user who may use the engine."""
    socket = Path(urlsplit(engine_url).path)
    python = place / Path(sys.prefix).relative_to(ROOT) / "bin/python"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": "/mnt/own",
        "TMPDIR": "/mnt/own",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DOCKER_HOST": engine_url,
    }
    became = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={socket.stat().st_gid}"]
    return subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", ELSEWHERE, "sh"),
            *(str(ROOT), str(place), sys.base_prefix, str(user)),
            *(became if user else []),
            *(str(python), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *tests),
        ],
        env=variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_another_user_grades_from_a_home(engine_url: str) -> None:
    sandbox = ("test_kernel.py", "test_reach.py", "test_ports.py")
    tests = ["tests/examine/test_without_root.py", *(f"{SANDBOX}/{name}" for name in sandbox)]
    done = run_elsewhere(Path("/home/somebody/course"), USER, engine_url, tests)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "without root" in done.stdout  # the skips of another user


def test_root_grades_from_a_temporary_folder(engine_url: str, tmp_path: Path) -> None:
    done = run_elsewhere(tmp_path / "course", 0, engine_url, [f"{SANDBOX}/test_kernel.py"])
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
