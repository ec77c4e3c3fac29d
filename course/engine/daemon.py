"""A private engine: a dockerd with its own data, sockets and bridge, beside any other on the machine."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import docker

from course.engine import bridges
from course.engine.errors import EngineError, NoEngine

START_SECONDS = 60.0
DEFAULT_BRIDGE = "docker0"
PRIVATE_ROOT = """
set -e
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir -p "$root/$STATE"
mount --bind "$STATE" "$root/$STATE"
mkdir -p "$root/.machine"
cd "$root"
pivot_root . .machine
exec chroot . sh -c 'umount -l /.machine && exec "$@"' sh "$@"
"""  # a chroot alone is not enough: a command that is executed in a container would have the machine's own root


class Daemon:
    """One dockerd that belongs to whoever made it; use it as a context manager. Needs root.

    Args:
        root: a folder for its data, sockets and log; made if absent. Keep the path short (unix(7): 107 bytes).
        name: up to 8 letters and digits; the bridge is called `sw` + name.
        chroot: the root of another Debian whose dockerd is to run (a different engine version), or None.
        containerd_store: use the containerd image store (engine 24 and newer).
        extra_args: further arguments of dockerd.
        environment: further variables of dockerd.
        wrapper: a command that dockerd is given to, such as one that changes its view of the machine; it must `exec`.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        chroot: Path | None = None,
        containerd_store: bool = False,
        extra_args: Sequence[str] = (),
        wrapper: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.root, self.name, self.chroot = root.resolve(), name, chroot
        self.bridge = f"sw{name}"
        self.socket = self.root / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.log = self.root / "dockerd.log"
        self._args = [*extra_args]
        self._wrapper = [*wrapper]
        self._environment = dict(environment or {})
        self._features = {"containerd-snapshotter": True} if containerd_store else {}
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        state = f"running as {self._process.pid}" if self._process else "stopped"
        return f"<Daemon {self.name} at {self.url}, {state}>"

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of dockerd (of its wrapper, with a chroot), None when it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start dockerd and wait until it answers.

        Raises:
            NoEngine: it ended, or did not answer within 60 seconds; the message holds its last log lines.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        default_bridge = _addresses_of(DEFAULT_BRIDGE)
        network = self._make_bridge()
        configuration = self.root / "daemon.json"  # a file of its own: the machine's is for the machine's engine
        configuration.write_text(json.dumps({"features": self._features} if self._features else {}))
        command = [
            *self._wrapper,
            "dockerd",
            f"--config-file={configuration}",
            f"--data-root={self.root / 'data'}",
            f"--exec-root={self.root / 'exec'}",
            f"--pidfile={self.root / 'dockerd.pid'}",
            f"--host={self.url}",
            f"--bridge={self.bridge}",
            f"--default-address-pool=base={network},size=26",
            *self._args,
        ]
        environment = {**os.environ, **self._environment, "STATE": str(self.root)}
        environment["PATH"] = f"{environment.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
        if self.chroot:
            command = ["unshare", "-m", "sh", "-c", PRIVATE_ROOT, "sh", str(self.chroot.resolve()), *command]
        (self.root / "dockerd.pid").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self._wait_until_it_answers()
        _put_back(default_bridge)

    def stop(self) -> None:
        """End dockerd, its containers and its containerd, and take its bridges away."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None
        bridges.remove(self.bridge, bridges.of_sessions(self.socket))

    def kill(self) -> None:
        """End dockerd at once, as a crash would; its data stays."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        # Its containerd dies with it; where nobody reaps orphans its number stays, and the next dockerd would wait.
        (self.root / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop, then delete all that this engine kept on disk."""
        self.stop()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self.root}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], capture_output=True, check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def client(self) -> docker.DockerClient:
        """A docker-py client of this engine."""
        return docker.DockerClient(base_url=self.url, version="auto", timeout=120)

    def _make_bridge(self) -> str:
        """Make the bridge with a free /24 and return the pool for the engine's further networks."""
        used = _addresses_in_use()
        for second in range(100, 250):
            pool = ipaddress.ip_network(f"10.{second}.0.0/16")
            if not any(pool.overlaps(other) for other in used):
                break
        else:
            raise EngineError("a free private address range", "10.100 to 10.249 are in use", "end an engine")
        made = subprocess.run(
            ["ip", "link", "add", "name", self.bridge, "type", "bridge"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode and "File exists" not in made.stderr:
            raise EngineError("root, to make a bridge for a private engine", made.stderr.strip(), "run it as root")
        if not made.returncode:
            address = f"{pool.network_address + 1}/24"
            subprocess.run(["ip", "address", "add", address, "dev", self.bridge], check=True)
            subprocess.run(["ip", "link", "set", self.bridge, "up"], check=True)
        return str(ipaddress.ip_network(f"10.{second}.128.0/17"))

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self.socket.is_socket():
                with contextlib.suppress(Exception), contextlib.closing(self.client()) as client:
                    if client.ping():
                        return
            time.sleep(0.05)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        self.stop()
        raise NoEngine("dockerd starts and answers within 60 s", tail, f"read {self.log}")


def _addresses_of(link: str) -> list[str] | None:
    """The IPv4 addresses of a link as "address/length", None when there is no such link."""
    shown = subprocess.run(
        ["ip", "-4", "-o", "address", "show", "dev", link], capture_output=True, text=True, check=False
    )
    return None if shown.returncode else [line.split()[3] for line in shown.stdout.splitlines()]


def _put_back(before: list[str] | None) -> None:
    """Make the other engine's bridge again where this one took it away.

    A dockerd that starts on the data of a killed one deletes docker0, though it was told another bridge (measured on
    20.10.24), and containers of the machine's own engine could no longer start.
    """
    if before is None or _addresses_of(DEFAULT_BRIDGE) is not None:
        return
    subprocess.run(["ip", "link", "add", "name", DEFAULT_BRIDGE, "type", "bridge"], check=True)
    for address in before:
        subprocess.run(["ip", "address", "add", address, "dev", DEFAULT_BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", DEFAULT_BRIDGE, "up"], check=True)


def _addresses_in_use() -> list[ipaddress.IPv4Network]:
    """The IPv4 networks that this machine has routes for."""
    shown = subprocess.run(["ip", "-4", "-o", "address", "show"], capture_output=True, text=True, check=True).stdout
    return [ipaddress.ip_interface(line.split()[3]).network for line in shown.splitlines()]  # type: ignore[misc]  # only IPv4
