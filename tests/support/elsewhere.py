"""A command that runs as if this checkout were at another place, as another user who may use the engine. Needs root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
USER = 4242
HOME = "/mnt/own"
"""The home of whoever runs there: another file system, in memory."""
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


def run_elsewhere(
    place: Path, user: int, engine_url: str, words: Sequence[str], *, group: bool = True, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of the checkout's Python, in the checkout at that place.

    Args:
        place: where the checkout is then.
        user: the number of the user; 0 is root.
        engine_url: the engine, which that user may use.
        words: the arguments of Python.
        group: whether the user is in the group of the engine's socket.
        more: further variables.
    """
    socket = Path(urlsplit(engine_url).path)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": HOME,
        "TMPDIR": HOME,
        "PYTHONDONTWRITEBYTECODE": "1",
        "DOCKER_HOST": engine_url,
        **more,
    }
    groups = f"--groups={socket.stat().st_gid}" if group else "--clear-groups"
    return subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c", ELSEWHERE, "sh"),
            *(str(ROOT), str(place), sys.base_prefix, str(user)),
            *(("setpriv", f"--reuid={user}", f"--regid={user}", groups) if user else ()),
            *(str(python_at(place)), *words),
        ],
        env=variables,
        capture_output=True,
        text=True,
        timeout=400,  # seconds; a deadline for a busy machine
        check=False,
    )


def python_at(place: Path) -> Path:
    """The checkout's Python, where the checkout is at that place."""
    return place / Path(sys.prefix).relative_to(ROOT) / "bin/python"
