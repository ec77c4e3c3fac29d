"""A Jupyter server extension: `docker` in a terminal of JupyterLab or Notebook 7 reaches the workspace's session.

Only terminals are given the session's socket. Kernels find it by themselves (`course.session.attach`), so that a kernel
that starts after the session was ended gets the new one.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.gateway.keeping import kept_line
from course.gateway.lease import workspace_name
from course.kernel import home_page
from course.paths import workspace
from course.session.attach import Attachment
from course.widgets import snapshot


class TerminalSession:
    """The server's own lease, and the environment that it gives to terminals.

    Args:
        manager: the server's terminal manager (terminado's `TermManagerBase`).
        log: the server's logger.
        root: the folder that it serves.
    """

    def __init__(self, manager: Any, log: Any, root: Path) -> None:
        self._log, self._root = log, root
        self._session: dict[str, str] = dict(os.environ)
        self._attachment = Attachment(self._session)
        self._make_term_env, self._create = manager.make_term_env, manager.create
        manager.make_term_env, manager.create = self.make_term_env, self.create
        if manager.shell_command[-1:] == ["-l"]:
            manager.shell_command.pop()  # /etc/profile would set PATH again, and `course` would be gone

    def attach(self) -> None:
        """Take the lease; a failure is logged, and tried again when a terminal is opened."""
        try:
            self._attachment.require()
        except CourseError as error:
            self._log.warning("slipway: terminals have no session yet: %s; %s", error.observed, error.try_next)

    def make_term_env(self, *args: Any, **options: Any) -> dict[str, str]:
        """The environment of a new terminal: the server's, changed so that DOCKER_HOST names the session's socket.

        Without a session DOCKER_HOST names a socket that does not exist, so that a command meant for the session never
        reaches the engine itself; the server's log says what went wrong.
        """
        environment: dict[str, str] = self._make_term_env(*args, **options)
        before = dict(os.environ)
        self.attach()
        for name in before.keys() - self._session.keys():
            environment.pop(name, None)
        changed = {name: value for name, value in self._session.items() if before.get(name) != value}
        programs = str(Path(sys.executable).parent)  # `course`, `pytest` and the rest of this installation
        found = [one for one in environment.get("PATH", os.defpath).split(os.pathsep) if one != programs]
        return {**environment, **changed, "PATH": os.pathsep.join([programs, *found])}

    def create(self, **options: Any) -> Any:
        """A new terminal: in the folder that it was asked for, else in that of the lesson that was set up last."""
        asked = options.get("cwd")
        if not asked or Path(asked).resolve() in (self._root, Path.cwd()):
            options["cwd"] = str(self._lesson_folder())
        return self._create(**options)

    def _lesson_folder(self) -> Path:
        from course import manifest
        from course.lab import where_the_learner_was

        try:
            folder = self._root / where_the_learner_was(manifest.load()).name
        except (CourseError, OSError):
            return self._root
        return folder if folder.is_dir() else self._root


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course.kernel.server_extension"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Name the workspace for every kernel and terminal, keep the home page true, save pictures as static pages."""
    if os.environ.get("SLIPWAY_WORKSPACE"):  # a learner's folder, as `course lab` makes one, and not any folder
        home_page.install(server, workspace())
    os.environ.setdefault("SLIPWAY_WORKSPACE", str(Path(server.root_dir).resolve()))
    atexit.register(_say_what_is_kept, workspace())
    snapshot.install(server.contents_manager)


def _say_what_is_kept(folder: Path) -> None:
    """One line, after Ctrl-C: the session stays."""
    with contextlib.suppress(CourseError, OSError):  # the terminal may be gone, and the state folder too
        if line := kept_line(workspace_name(folder)):
            print(line, flush=True)


async def _start_jupyter_server_extension(server: Any) -> None:
    """Attach in a thread, once the extension that makes the terminal manager has been loaded."""
    manager = server.web_app.settings.get("terminal_manager")
    if manager is None:
        return  # terminals are switched off
    terminals = TerminalSession(manager, server.log, Path(server.root_dir).resolve())
    asyncio.get_running_loop().run_in_executor(None, terminals.attach)
