"""A PostgreSQL server of Debian's package, in a temporary folder, on a Unix socket, for one test run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "postgres"


class Postgres:
    """A server that runs.

    Args:
        folder: of its socket.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        """The address that a workspace's configuration gets."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def database(self, template: str = "template1") -> str:
        """Make a database, as a copy of another; return its name."""
        self._made += 1
        name = f"class{self._made}"
        with psycopg.connect(f"host={self.folder} user={USER} dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server, and end it with all that it kept."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="swpg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:  # the server refuses to be root
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _run(programs / "initdb", "--pgdata", folder / "data", "--auth=trust", "--encoding=UTF8", "--username", USER)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        log = folder / "log"
        _run(programs / "pg_ctl", "--pgdata", folder / "data", "--log", log, "-o", options, "--wait", "start")
        try:
            yield Postgres(folder)
        finally:
            _run(programs / "pg_ctl", "--pgdata", folder / "data", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str | Path) -> None:
    as_user = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryFile() as said:  # a pipe would be held open by the server that pg_ctl starts
        done = subprocess.run(
            [str(word) for word in command], stdout=said, stderr=said, cwd="/", check=False, **as_user
        )  # type: ignore[call-overload]
        said.seek(0)
        assert done.returncode == 0, said.read().decode()
