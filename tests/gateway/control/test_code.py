"""A gateway from before an upgrade is replaced, and its sessions go on; one of another installation is left alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import course
from course.gateway import Client
from course.gateway.errors import GatewayError

OPEN = """
import json
from course.gateway import Client, Lease
client = Client()
lease = Lease(client, {"name": "upgraded", "policy": "class", "find": True})
print(json.dumps({"id": lease.session.id, "url": lease.session.url, **client.status()}))
"""


class Installation:
    """A copy of the course with a Python of its own, as another clone would have it; libraries are shared."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "code" / "course"
        shutil.copytree(Path(course.__file__).parent, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
        self._python = folder / "venv" / "bin" / "python"
        packages = folder / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        (packages / "one.pth").write_text(f"{self.package.parent}\n{sysconfig.get_path('purelib')}\n")

    def open(self) -> dict[str, Any]:
        """Take a lease on one session, and give it back; what the gateway says."""
        done = subprocess.run([self._python, "-P", "-c", OPEN], capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    def upgrade(self) -> None:
        """Change a file of the gateway, as a pull does."""
        with (self.package / "gateway" / "errors.py").open("a") as file:
            file.write("\n# one line more\n")


def test_a_gateway_from_before_an_upgrade_is_replaced(gateway: Client, tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    first = installed.open()
    again = installed.open()
    assert (again["pid"], again["id"]) == (first["pid"], first["id"]), "a gateway of the same code was replaced"
    installed.upgrade()
    upgraded = installed.open()
    assert upgraded["pid"] != first["pid"], "the gateway still runs the code from before"
    assert upgraded["code"]["mark"] != first["code"]["mark"]
    assert (upgraded["id"], upgraded["url"]) == (first["id"], first["url"]), "the session did not go on"

    with pytest.raises(GatewayError, match="course gateway stop") as refused:
        gateway.open("mine", "class")
    assert str(installed.package / "gateway") in str(refused.value)
    gateway.stop()
    assert gateway.open("mine", "class").id != first["id"]
    assert {one["name"] for one in gateway.sessions()} == {"mine", "upgraded"}
