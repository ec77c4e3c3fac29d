"""Where one gateway keeps its files: one folder that lasts and one for sockets, for each user and engine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.gateway.errors import GatewayError
from course.paths import runtime_dir, state_dir

SOCKET_PATH_LIMIT = 107  # bytes (unix(7))


@dataclass(frozen=True)
class Home:
    """The folders of the gateway of one engine.

    Args:
        engine: the engine's URL, with the socket's real path.
        state: what lasts: lock, ledger, journals, log, and where the gateway listens.
        run: sockets.
    """

    engine: str
    state: Path
    run: Path

    @classmethod
    def of(cls, engine: str) -> Home:
        """The folders for an engine; made if absent, private.

        Args:
            engine: "unix:///path", the only kind that a gateway can stand in front of.

        Raises:
            GatewayError: for any other kind of address.
        """
        if not engine.startswith("unix://"):
            raise GatewayError(
                "an engine on a Unix socket of this machine",
                engine,
                "set SLIPWAY_ENGINE to a local engine, such as unix:///var/run/docker.sock",
            )
        socket = Path(engine.removeprefix("unix://")).resolve()
        key = hashlib.sha256(os.fsencode(socket)).hexdigest()[:8]
        home = cls(f"unix://{socket}", state_dir() / "gateway" / key, runtime_dir() / key)
        for folder in (home.state, home.journals, home.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return home

    @property
    def engine_socket(self) -> Path:
        """The engine's socket."""
        return Path(self.engine.removeprefix("unix://"))

    @property
    def journals(self) -> Path:
        """The folder of the journals."""
        return self.state / "journal"

    @property
    def log(self) -> Path:
        """The gateway's own log."""
        return self.state / "gateway.log"

    def announcement(self) -> dict[str, Any] | None:
        """What the last gateway recorded: pid, control socket, folder of sockets; None before the first."""
        try:
            found = json.loads((self.state / "gateway.json").read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def announce(self, **facts: Any) -> None:
        """Write where the gateway listens, for clients whose runtime folder differs from the gateway's."""
        fresh = self.state / "gateway.json.new"
        fresh.write_text(json.dumps(facts))
        fresh.replace(self.state / "gateway.json")

    def control_socket(self) -> Path:
        """Where the gateway listens now, or would."""
        said = self.announcement()
        return Path(said["control"]) if said else self.run / "control.sock"


def check_length(path: Path) -> Path:
    """The same path, if a Unix socket can have it.

    Raises:
        GatewayError: it is too long.
    """
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_LIMIT:
        raise GatewayError(
            f"a socket path of at most {SOCKET_PATH_LIMIT} bytes",
            f"{path} has {size}",
            "set SLIPWAY_RUNTIME_DIR to a folder with a shorter path",
        )
    return path


def homes() -> Iterator[Home]:
    """Every home under this user's state folder whose gateway has announced itself."""
    for said in sorted((state_dir() / "gateway").glob("*/gateway.json")):
        try:
            engine = str(json.loads(said.read_text())["engine"])
        except (OSError, ValueError, KeyError):
            continue
        yield Home.of(engine)
