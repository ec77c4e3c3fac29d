"""`grader doctor` says what keeps submissions apart here, and refuses to call a machine without a sandbox isolated."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from grader.examine.command import doctor
from grader.examine.doctor import ADVISORIES, engine_version
from grader.examine.errors import NotIsolated
from grader.examine.examiner import Examiner
from grader.examine.walls import walls

app = typer.Typer()
app.command()(doctor)


def said(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
    return done.exit_code, done.stdout


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("bwrap") is None, reason="root and bubblewrap isolate best")
def test_on_a_machine_with_everything_untrusted_work_can_be_graded() -> None:
    code, text = said()
    assert code == 0 and "✓ sandbox" in text and "✓ engine of its own" in text and "✓ firewall" in text
    assert text.rstrip().endswith("Work of people whom you do not know can be graded here.")
    for wall in ("reader", "sandbox", "examiner process", "session policy", "firewall"):
        assert f"✓ {wall}: " in text.partition("The walls")[2]
    found = {one["what"]: one for one in json.loads(said("--json")[1])}
    assert found["sandbox"]["ok"] and found["sandbox"]["needed"]


def test_the_walls_are_those_of_the_security_page() -> None:
    page = (Path(__file__).parents[2] / "SECURITY.md").read_text("utf-8").lower()
    assert [wall.name for wall in walls([]) if wall.keeps.lower() not in page] == []
    table = page.partition("## what is a wall\n")[2].partition("## what isn't a wall")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 4
    assert [row for row in rows if not any(wall.keeps.lower() in row for wall in walls([]))] == [], "doctor tells all"
    assert all(wall.stands for wall in walls([]))


def test_without_bubblewrap_nothing_untrusted_is_graded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, text = said()
    assert code == 1 and "✗ sandbox: bubblewrap (the command bwrap) is not there" in text
    walls = text.partition("The walls")[2]
    assert "✓ reader: " in walls and "✗ sandbox: down" in walls and "✗ examiner process: down" in walls
    assert "--trust-submissions" in text and "the hidden tests and the gradebook" in text
    with pytest.raises(NotIsolated, match="--trust-submissions"), Examiner("unix:///nowhere"):
        pass


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ((20, 10, 24), ["CVE-2024-24557", "CVE-2026-41567"]),
        ((24, 0, 8), ["CVE-2024-24557", "CVE-2026-41567"]),
        ((24, 0, 9), ["CVE-2026-41567"]),
        ((26, 1, 5), ["CVE-2026-41567"]),
        ((29, 5, 1), []),
    ],
)
def test_an_engine_is_held_against_the_advisories(version: tuple[int, int, int], known: list[str]) -> None:
    assert [advisory.id for advisory in ADVISORIES if advisory.concerns(version)] == known


def test_the_version_is_that_of_the_engine_that_would_be_started() -> None:
    if shutil.which("dockerd", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("no engine is installed here: it runs elsewhere")
    version = engine_version()
    assert version is not None and version >= (19, 0, 0)
