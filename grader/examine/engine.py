"""The engine that grades: private to one examiner, so that nobody else's work is on it, and thrown away at the end."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import docker
from docker.errors import DockerException
from filelock import FileLock

from course.engine import Daemon, bridges, find
from course.engine.errors import EngineError, NoEngine
from course.images.supply import ensure
from grader.examine.keeper import BRIDGES_FILE, clear, end_all, hold

PREFIX = "swg-"
LOCK = Path("/run/slipway-grading-engines.lock")
"""For root only: in the temporary folder any user could put a link, or a file that root may not open."""
MEMORY_FOR_DATA = 4 * 1024**3
"""Bytes of the file system in memory that holds images and containers; what is written there counts, no more."""
MEMORY_LEFT = 4 * 1024**3
"""Bytes that must be free besides, or the data is kept on disk."""
COLLECT_AT = 400
"""GOGC of the engine and of what it starts, itself again three times for each container: that frees less often."""
NAMES = ("course/busybox", "course/python", "course/node", "course/registry")
CRUN = ("--add-runtime", "crun={program}", "--default-runtime", "crun")
REMAP = "--userns-remap=default"
_PRIVATE_VIEW = """
set -e
data=$1; size=$2; shift 2
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
mkdir -p "$data"
if [ "$size" != 0 ]; then mount -t tmpfs -o "size=$size,nr_inodes=1m,mode=0711" slipway "$data"; fi
exec "$@"
"""  # crun refuses a machine with both kinds of cgroups mounted; whatever is mounted here is gone with the last process


@dataclass(frozen=True)
class Configuration:
    """How a grading engine is set up.

    Args:
        remap: whether root in a container is nobody on the machine (`--userns-remap`).
        crun: whether containers are started by crun, which needs a fraction of runc's time, where it is installed.
        in_memory: whether images and containers are kept in memory; None where there is enough of it.
    """

    remap: bool = True
    crun: bool = True
    in_memory: bool | None = None


class GradingEngine:
    """A private engine with the base images on it; use it as a context manager. Needs root.

    What this machine does not have is left out and told in `weaker`: the engine grades the same without it.

    Args:
        wanted: how it is set up.
    """

    def __init__(self, wanted: Configuration | None = None) -> None:
        self.wanted = wanted or Configuration()
        self.weaker: list[str] = []
        self._home: Path | None = None
        self._daemon: Daemon | None = None
        self._alive: socket.socket | None = None

    def __repr__(self) -> str:
        return f"<GradingEngine {self._daemon!r}>"

    def __enter__(self) -> GradingEngine:
        """Start it.

        Raises:
            EngineError: it does not start, or there are no base images to put on it.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address."""
        assert self._daemon is not None, "the engine runs only inside the with block"
        return self._daemon.url

    def stop(self) -> None:
        """End its gateway, its containers and itself, and delete all that it kept."""
        from course.gateway import Client

        if self._daemon is not None:
            Client(self.url).stop(end_sessions=False)
            self._daemon.remove()
            self._daemon = None
        if self._alive is not None:
            self._alive.close()  # the keeper finds nothing left to do
            self._keeper.wait(30)
            self._alive = None
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def restart(self) -> None:
        """Put an engine back that crashed: fresh, under the same address."""
        assert self._daemon is not None and self._home is not None
        self._daemon.kill()
        end_all(self._home)  # the containers outlive their engine
        with _one_at_a_time():
            self._daemon.start()
        self._seed(self._daemon)

    def _start(self) -> None:
        if os.geteuid() != 0:
            raise EngineError(
                "root, to start an engine for grading only",
                f"user id {os.geteuid()}",
                "run it as root, or name an engine that nobody works on: --engine unix:///PATH",
            )
        remove_abandoned()
        self._home = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._home.chmod(0o711)  # a remapped container's root must pass
        self._name = f"g{secrets.token_hex(3)}"
        own = Daemon(self._home / "e", self._name)
        (self._home / BRIDGES_FILE).write_text(f"{own.bridge}\n{bridges.of_sessions(own.socket)}\n")
        self._watch(self._home)
        self._daemon = self._first_that_runs(self._home)

    def _first_that_runs(self, home: Path) -> Daemon:
        """The best set-up that starts and runs a container here."""
        refused: EngineError | None = None
        for remap, crun in self._ladder():
            daemon = Daemon(
                home / "e", self._name, extra_args=self._arguments(remap, crun), wrapper=self._view(home / "e" / "data")
            )
            self._daemon = daemon
            try:
                with _one_at_a_time():
                    daemon.start()
                self._seed(daemon)
                _try(daemon)
            except (NoEngine, DockerException) as error:
                refused = error if isinstance(error, EngineError) else _refused(error)
                daemon.remove()
                continue
            self._tell(remap, crun)
            return daemon
        self._daemon = None
        raise refused or NoEngine("an engine for grading", "none of the set-ups started", "`grader doctor`")

    def _ladder(self) -> Iterator[tuple[bool, bool]]:
        crun = self.wanted.crun and _crun() is not None
        yield from dict.fromkeys([(self.wanted.remap, crun), (self.wanted.remap, False), (False, crun), (False, False)])

    def _arguments(self, remap: bool, crun: bool) -> list[str]:
        chosen = [word.format(program=_crun()) for word in CRUN] if crun else []
        return [*chosen, *([REMAP] if remap else []), "--log-level=warn"]

    def _view(self, data: Path) -> list[str]:
        in_memory = self.wanted.in_memory if self.wanted.in_memory is not None else has_memory()
        size = str(MEMORY_FOR_DATA if in_memory else 0)
        private = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _PRIVATE_VIEW, "sh", str(data), size]
        return ["env", f"GOGC={COLLECT_AT}", *private]

    def _tell(self, remap: bool, crun: bool) -> None:
        if not remap:
            self.weaker.append("root in a container is root on this machine: user namespaces are not remapped")
        if not crun:
            self.weaker.append("containers start slower without crun")

    def _seed(self, daemon: Daemon) -> None:
        """Put the base images on it: from this machine's engine, which has them by id, else from where it got them."""
        with closing(daemon.client()) as there:
            try:
                with closing(docker.DockerClient(base_url=find(local_only=True).url, timeout=300)) as here:
                    for name in NAMES:
                        there.images.load(here.images.get(name).save(named=True))
            except (EngineError, DockerException):
                ensure(there)

    def _watch(self, home: Path) -> None:
        """Have somebody clear up when this process is killed: the keeper notices that its socket is closed."""
        self._alive, theirs = socket.socketpair()
        with theirs:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-m", "grader.examine.keeper", str(theirs.fileno()), str(home)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        if self._alive.recv(1) != b"+":
            raise EngineError("a process that clears up after a killed grader", "it ended", "grade again")


def remove_abandoned() -> None:
    """Clear up after graders that were killed together with their keepers."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/"):
        with suppress(FileNotFoundError):  # another grader that starts just now clears up too
            if home.lstat().st_uid == os.geteuid() and not home.is_symlink() and (lock := hold(home)) is not None:
                with lock:
                    clear(home)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Of several examiners, one starts its engine: each looks for addresses that are free."""
    with FileLock(LOCK):
        yield


def _crun() -> str | None:
    return shutil.which("crun", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


def has_memory() -> bool:
    """Whether there is memory enough to keep the data of one more engine in it."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024 >= MEMORY_FOR_DATA + MEMORY_LEFT


def _try(daemon: Daemon) -> None:
    """Run a container, because a runtime that is installed may yet refuse this machine."""
    with closing(daemon.client()) as client:
        client.containers.run(NAMES[0], ["true"], remove=True)


def _refused(error: Exception) -> EngineError:
    return NoEngine("an engine that runs a container", str(error)[:500], "`grader doctor`")
