"""The gateway process: one for each user and engine, started on demand (`course.gateway.client`), detached.

`python -P -m course.gateway.daemon ENGINE_URL`. A lock that dies with the process makes it the only one. It ends by
itself when no session has been in use for a while; SIGTERM ends it and leaves the sessions to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import logging.handlers
import os
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from course.errors import CourseError
from course.gateway.control import Control
from course.gateway.errors import EngineUnavailable
from course.gateway.home import Home
from course.gateway.room import raise_descriptors
from course.gateway.sessions import Sessions

IDLE = 600.0  # seconds without a session in use
MIB = 1024 * 1024
LOG_SIZE = MIB
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
log = logging.getLogger("course.gateway")


async def run(home: Home) -> None:
    """Be the gateway until it is stopped or idle.

    Raises:
        EngineUnavailable: the engine does not answer at the start.
    """
    sessions = Sessions(home)
    stopped = asyncio.Event()
    control = Control(sessions, stopped.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await sessions.start()
    path = home.run / "control.sock"
    await control.start(path)
    home.announce(pid=os.getpid(), control=str(path), run=str(home.run), engine=home.engine)
    log.info("gateway of %s listens at %s", home.engine, path)
    try:
        await _until_stopped_or_idle(stopped, sessions)
    finally:
        await control.close()
        await sessions.close()
        path.unlink(missing_ok=True)
        log.info("gateway ended")


async def _until_stopped_or_idle(stopped: asyncio.Event, sessions: Sessions) -> None:
    idle = float(os.environ.get("SLIPWAY_GATEWAY_IDLE") or IDLE)
    loop = asyncio.get_running_loop()
    last = loop.time()
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), 1.0)
        if sessions.busy:
            last = loop.time()
        elif loop.time() - last > idle:
            return


def _keep_freed_memory() -> None:
    """Let the C library keep some freed memory, where it can be configured to (glibc's mallopt(3)).

    By itself it gives the pieces of a stream back to the system one by one, and each new one is then mapped and zeroed
    again: a fifth of the processor time of a save.
    """
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        for option, size in (M_MMAP_THRESHOLD, 4 * MIB), (M_TRIM_THRESHOLD, 16 * MIB):
            library.mallopt(option, size)


def main() -> int:
    """Run the gateway of the engine named on the command line; 0 also when another one runs already."""
    _keep_freed_memory()
    raise_descriptors()
    home = _settled(Home.of(sys.argv[1]))
    handler = logging.handlers.RotatingFileHandler(home.log, maxBytes=LOG_SIZE, backupCount=1)
    logging.basicConfig(level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(message)s")
    try:
        with FileLock(home.state / "gateway.lock", timeout=0):
            asyncio.run(run(home))
    except Timeout:
        return 0
    except EngineUnavailable as error:  # the client turns these words into its own error
        log.error("%s", error.observed)
        print(error.observed, file=sys.stderr)
        return 1
    except CourseError as error:
        log.error("%s", error)
        print(error, file=sys.stderr)
        return 1
    except Exception:
        log.exception("the gateway failed")
        raise
    return 0


def _settled(home: Home) -> Home:
    """The same home, with the sockets where the last gateway had them: sessions that go on keep their addresses."""
    said = home.announcement()
    folder = Path(said["run"]) if said else home.run
    if folder != home.run and folder.is_dir() and any(folder.glob("*.sock")):
        return Home(home.engine, home.state, folder)
    return home


if __name__ == "__main__":
    sys.exit(main())
