"""An engine that is not of this machine, as Docker Desktop, Colima and WSL 2 have it in a virtual machine.

It lives in namespaces of its own for the network, mounts, processes, the host name and IPC. Here are only a socket that
a local program passes on, and the published ports on 127.0.0.1. No address of a container is reachable.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.engine import Daemon

FORWARDER = Path(__file__).with_name("forwarder.py")
HOST_NAME = "docker-desktop"
ALONE = (
    *("unshare", "--net", "--uts", "--ipc", "--mount", "--propagation", "private", "--pid", "--mount-proc"),
    *("--fork", "--kill-child"),
)
_INSIDE = """
set -e
hostname "$1"
ip link set lo up
ip link add name "$2" type bridge
ip address add 172.29.0.1/24 dev "$2"
ip link set "$2" up
ip link add outside type bridge # a way out that leads nowhere, which lessons don't need
ip address add 198.51.100.2/24 dev outside
ip link set outside up
ip route add default via 198.51.100.1
shift 2
"$@" & # the first process of a machine has to wait for those that nobody else waits for
wait $!
"""


@contextmanager
def foreign_engine(home: Path, name: str) -> Iterator[str]:
    """The address of the engine's socket on this side.

    Args:
        home: a folder with a short path; it is removed at the end.
        name: up to 8 letters and digits.
    """
    home.mkdir(parents=True, exist_ok=True)
    proxy, socket, network = home / "forward-port", home / "learner.sock", home / "learner.net"
    proxy.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {FORWARDER} "$@"\n')
    proxy.chmod(0o755)
    network.touch()
    subprocess.run(["mount", "--bind", "/proc/self/ns/net", str(network)], check=True)  # `remove` takes it away
    daemon = Daemon(
        home,
        name,
        wrapper=[*ALONE, "sh", "-c", _INSIDE, "sh", HOST_NAME, f"sw{name}"],
        extra_args=[f"--userland-proxy-path={proxy}"],
        environment={"LEARNER_NETWORK": str(network)},
    )
    try:
        with daemon:
            program = subprocess.Popen([sys.executable, str(FORWARDER), "socket", str(socket), str(daemon.socket)])
            try:
                while not socket.is_socket():
                    assert program.poll() is None, "the program that passes on the socket has ended"
                yield f"unix://{socket}"
            finally:
                program.kill()
                program.wait()
    finally:
        daemon.remove()
