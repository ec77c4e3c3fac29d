"""A command in another Debian's file system; what it writes there is gone when it ends. Needs root."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

_ENTER = """
set -e
root=$1 script=$2; shift 2
mount -t tmpfs tmpfs /mnt
mkdir /mnt/over /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/over,workdir=/mnt/work" /mnt/root
for folder in proc sys dev; do mount --rbind "/$folder" "/mnt/root/$folder"; done
mount -t tmpfs -o mode=1777 tmpfs /mnt/root/tmp
mount -t tmpfs tmpfs /mnt/root/run
while [ $# -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "/mnt/root$2"; else touch "/mnt/root$2"; fi
  mount --bind "$1" "/mnt/root$2"
  shift 2
done
ip link set lo up
ip link add outside type bridge # a way out that leads nowhere, which programs look for
ip address add 192.0.2.2/24 dev outside
ip link set outside up
ip route add default via 192.0.2.1
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec chroot /mnt/root env -i HOME=/root LANG=C.UTF-8 PATH=$path sh -ec "$script"
"""


def run(
    root: Path, script: str, mounts: Mapping[str, Path], *, seconds: int = 1800
) -> subprocess.CompletedProcess[str]:
    """Run a shell script with its own mounts, processes and network (a loopback only).

    Args:
        root: the file system, which stays as it is.
        script: what `sh -e` runs as root there.
        mounts: folders of this machine, by where the script finds them.
        seconds: the time after which it is ended.
    """
    folders = [word for place, folder in mounts.items() for word in (str(folder), place)]
    return subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--propagation", "private",
         "sh", "-c", _ENTER, "sh", str(root), script, *folders],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=seconds,
    )  # fmt: skip
