"""`up` and `down`: an engine for the course where none answers, and the end of exactly that one."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import time
from pathlib import Path

from course.engine.debian import apt_install, can_install
from course.engine.endpoint import Endpoint, find
from course.engine.errors import EngineError, NoEngine
from course.paths import runtime_dir

START_SECONDS = 60.0
SOCKET = Path("/var/run/docker.sock")


def up(consent: bool = False) -> Endpoint:
    """Return the engine to use, starting or installing one where none answers.

    Args:
        consent: whether the user agrees to an installation (Debian's docker.io, as root).

    Returns:
        The endpoint; its source is "started" when this call started it.

    Raises:
        EngineError: none answers and none can be had here; the message holds the steps for this platform.
    """
    try:
        return find()
    except NoEngine as error:
        if _named_by_user():
            raise  # somebody chose an engine that does not answer: starting another would hide that
        reason = error
    if not _installed():
        if not can_install():
            raise NoEngine("a Docker engine", reason.observed, _steps()) from reason
        apt_install(["docker.io"], consent)
        with contextlib.suppress(EngineError):
            return find()  # the package's own service may have started it
    if os.geteuid() != 0:
        raise NoEngine("a Docker engine that runs", reason.observed, _steps()) from reason
    return _start()


def down() -> bool:
    """Stop the engine that `up` started; any other is left alone.

    Returns:
        Whether one was stopped.
    """
    record = _record()
    if not record.exists():
        return False
    started = json.loads(record.read_text())
    if started["how"] == "systemd":
        subprocess.run(["systemctl", "stop", "docker.service", "docker.socket"], check=True)
    elif _is_dockerd(started["pid"]):
        os.kill(started["pid"], signal.SIGTERM)
        _wait_for_end(started["pid"])
    record.unlink()
    return True


def _start() -> Endpoint:
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "start", "docker.service"], check=True)
        started: dict[str, object] = {"how": "systemd"}
    else:
        started = {"how": "process", "pid": _spawn()}
    _record().write_text(json.dumps(started))
    return _wait()


def _spawn() -> int:
    """Start dockerd detached, as an init system would, and return its process id."""
    log = (runtime_dir() / "dockerd.log").open("ab")
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"}
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        environment.pop(variable, None)
    with log:
        process = subprocess.Popen(
            ["dockerd", f"--host=unix://{SOCKET}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            cwd="/",
        )
    return process.pid


def _wait() -> Endpoint:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(EngineError):
            found = find()
            return Endpoint(found.url, "started", f"`course engine up` started it at {SOCKET}", found.api)
        time.sleep(0.1)
    log = runtime_dir() / "dockerd.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else "no log"
    raise NoEngine("dockerd starts and answers within 60 s", tail, f"read {log}, or `journalctl -u docker`")


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _is_dockerd(pid):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # ours, if the same process started it
        if time.monotonic() > deadline:
            raise EngineError("dockerd ends within 60 s of SIGTERM", f"process {pid} still runs", f"kill {pid}")
        time.sleep(0.05)


def _is_dockerd(pid: int) -> bool:
    """Whether that process is a live dockerd; a number that another program took over is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd"
    except OSError:
        return False


def _record() -> Path:
    return runtime_dir() / "engine-started.json"


def _named_by_user() -> bool:
    return any(os.environ.get(name) for name in ("SLIPWAY_ENGINE", "DOCKER_HOST", "DOCKER_CONTEXT"))


def _installed() -> bool:
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin") is not None


def _steps() -> str:
    """What a person does by hand on this platform."""
    system = platform.system()
    if system == "Darwin":
        return "install and open Docker Desktop (or Colima: `colima start`), then repeat"
    if system == "Windows":
        return "install Docker Desktop with WSL 2, open a WSL terminal, then repeat there"
    if shutil.which("apt-get"):
        return "`sudo apt-get install docker.io`, `sudo usermod -aG docker $USER`, log in again, then repeat"
    return "install Docker Engine with your distribution's packages, start it, then repeat"
