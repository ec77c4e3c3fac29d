"""nbgrader's formgrader in a real Jupyter server, and requests as its page makes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

# A Jupyter server as `jupyter lab` starts it, on a free port, which it writes into a file.
_SERVER = """
import json, sys
from pathlib import Path
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(["--port=0", "--no-browser", "--allow-root", "--IdentityProvider.token=",
                "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"])
part = Path(sys.argv[1]).with_suffix(".part")
part.write_text(json.dumps(app.local_url)); part.replace(sys.argv[1])
app.start()
"""
START_SECONDS = 600  # a busy machine


class Formgrader:
    """The pages and the API of a formgrader that runs.

    Args:
        url: of the Jupyter server.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def page(self) -> str:
        """The formgrader's page; it also sets the cookie that a button sends back."""
        return self._session.get(f"{self.url}formgrader", timeout=300).text

    def get(self, path: str) -> Any:
        """What the API says at a path."""
        return self._session.get(f"{self.url}formgrader/api/{path}", timeout=300).json()

    def press(self, path: str) -> Any:
        """What a button of the page does: a POST with the page's XSRF cookie."""
        self.page()
        headers = {"X-XSRFToken": self._session.cookies["_xsrf"]}
        answer = self._session.post(f"{self.url}formgrader/api/{path}", headers=headers, timeout=300)
        assert answer.ok, answer.text
        return answer.json()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


@contextmanager
def formgrader(root: Path) -> Iterator[Formgrader]:
    """Start a Jupyter server in an instructor's workspace, and end it."""
    port_file = root.parent / "server.json"
    command = [sys.executable, "-c", _SERVER, str(port_file)]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ
    ) as server:
        opened = None
        try:
            opened = Formgrader(_started(server, port_file))
            yield opened
        finally:
            if opened:
                opened.close()
            server.terminate()
            server.wait(60)


def _started(server: subprocess.Popen[bytes], port_file: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            assert server.stderr is not None
            pytest.fail(server.stderr.read().decode())
        if port_file.exists():
            url: str = json.loads(port_file.read_text())
            try:
                requests.get(f"{url}api", timeout=5).close()
                return url
            except requests.ConnectionError:
                pass
        time.sleep(0.1)
    pytest.fail(f"the server did not answer within {START_SECONDS} s")
