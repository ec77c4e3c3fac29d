"""Linux arm64, in a userland that qemu runs: the locked wheels load there, and so does every module of the course."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import wheelhouse
from debian_roots import arm64_python, qemu
from matrix import EVERYTHING

from course.errors import CourseError

from .conftest import ROOT, uv_or_skip

KERNEL = Path("/proc/filesystems")
FILE_SYSTEMS = KERNEL.read_text() if KERNEL.exists() else ""
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="another Debian's root needs root"),
    pytest.mark.skipif(not EVERYTHING, reason="nightly, in `make proof`"),
    pytest.mark.skipif(
        "binfmt_misc" not in Path("/proc/filesystems").read_text(), reason="the kernel has no binfmt_misc"
    ),
    pytest.mark.timeout(2400),  # seconds: each instruction is translated
]
ARM64 = r":arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
ENTER = """
set -e
root=$1 qemu=$2 packages=$3 clone=$4
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc  # of this user namespace: the machine's own stays as it is
printf '%s' "$ARM64$qemu:F" >/proc/sys/fs/binfmt_misc/register
mkdir -p "$root/proc" "$root/dev" "$root/srv/packages" "$root/srv/clone"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$packages" "$root/srv/packages"
mount --bind "$clone" "$root/srv/clone"
HOME=/root PYTHONPATH=/srv/clone:/srv/packages PYTHONDONTWRITEBYTECODE=1 exec chroot "$root" python3 -c "$CODE"
"""
CODE = """
import importlib, pkgutil, platform
count = 0
for top in ("course", "grader"):
    package = importlib.import_module(top)
    for info in pkgutil.walk_packages(package.__path__, top + "."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)
            count += 1
print(platform.machine(), count, "modules")
"""


def test_every_module_loads(outside: None, tmp_path: Path) -> None:
    try:
        root, program = arm64_python(), qemu()
    except CourseError as error:
        pytest.skip(str(error))
    asked = tmp_path / "requirements.txt"
    asked.write_text(wheelhouse.resolve("3.11", "aarch64", ("--extra", "grader")))
    uv_or_skip(
        *("pip", "install", "--quiet", "--target", str(tmp_path / "packages"), "--only-binary", ":all:"),
        *("--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.11"),
        *("--require-hashes", "--requirement", str(asked)),
    )
    for name in ("course", "grader", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name)
    own = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [
            *own,
            "bash",
            "-c",
            ENTER,
            "bash",
            str(root),
            str(program),
            str(tmp_path / "packages"),
            str(tmp_path / "clone"),
        ],
        env={**os.environ, "CODE": CODE, "ARM64": ARM64 + MASK},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert re.search(r"^aarch64 \d{3} modules$", done.stdout, re.MULTILINE), done.stdout
