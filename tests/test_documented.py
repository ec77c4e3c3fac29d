"""Each command of the documentation runs in a test: those of `WALK` here, the others where their row says.

A command that a page gains needs a row; a row whose command is gone fails too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SITE = [
    page
    for page in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    if page != "CHANGELOG.md" and "/answers/" not in page and not page.endswith("instructor.md")
]
_PROGRAM = r"(?:course|grader|make|docker|pip|conda|python|pytest|rm -r|\.venv/bin/\S+)"
LEARNER = {
    "course --help": "",
    "course doctor": "",
    "course engine up|down": "course engine up",
    "course engine status": "",
    "course images list": "",
    "course images pull": "",
    "course session open": "course session open walk",
    "course session list": "",
    "course session show": "course session show walk",
    "course session show NAME": "course session show walk",
    "course session run": "course session run -- docker ps",
    "course session sweep --dry-run": "",
    "docker images": "course session run -- docker images",
    "course gateway status": "",
    "course shell": "echo exit | course shell",
    "course progress": "",
    "course reset LESSON": "course reset --yes L00",
    "course session end NAME": "course session end walk",
}
INSTRUCTOR = {
    "grader --help": "",
    "grader doctor": "",
    "grader init my-course": "",
    "grader try L01": "",
    "grader release L01": "",
    "grader collect L01 --from moodle.zip": "",
    "grader grade L01": "",
    "grader grade --trust-submissions": "grader grade L01 --trust-submissions",
    "grader report L01": "",
    "grader feedback L01": "",
    "grader export --to marks.csv": "",
    "grader regrade": "grader regrade L01",
    "grader lesson lint": "grader lesson lint L01",
    "grader lesson mutate --list L01-life-cycle": "",
    "python -m grader.checks.vocabulary": "",
}
"""What runs in this order, "" for as it stands on its page; the whole command where the page has only its name."""
NAMES = {
    *("course session …", "course gateway …", "pip install", "docker run", "docker save", "docker build"),
    "docker buildx build",
    *("grader init", "grader release", "grader collect --from", "grader grade", "grader grade LESSON", "grader export"),
}
"""What a page names without what makes it a command, or with the rest further up."""
IN = {  # the file that runs it, and what it has there
    "course lab": ("tests/install/test_wheel.py", '"lab"'),
    "course gateway stop": ("tests/gateway/control/test_session_command.py", '"stop"'),
    "course images save FILE": ("tests/images/test_images_command.py", '"save"'),
    "course images save course-images.tar": ("tests/images/test_images_command.py", '"save"'),
    "course images load course-images.tar": ("tests/images/test_images_command.py", '"load"'),
    "course images build": ("tests/images/test_from_debian.py", "build(BASES"),
    "grader grade L01 --scheduler ADDRESS": ("tests/classroom/test_workers.py", "scheduler"),
    "grader lesson new": ("tests/authoring/test_command.py", '"new"'),
    "grader lesson mutate": ("tests/lessons/test_mutants.py", "mutant"),
    "grader lesson mutate L02": ("tests/lessons/test_mutants.py", "mutant"),
    "grader lesson mutate L05": ("tests/lessons/test_mutants.py", "mutant"),
    "grader lesson mutate --again": ("tests/lessons/test_mutants.py", "mutant"),
    "grader lesson source outputs L02": ("tests/lessons/test_outputs.py", "keep_outputs("),
    "pip install slipway": ("tests/install/test_wheel.py", "install("),
    "pip install 'slipway[grader]'": ("tests/install/test_wheel.py", "[grader]"),
    "pip install --no-deps -e .": ("Makefile", "--no-deps --editable ."),
    "conda env create -f environment.yml": ("tests/install/test_conda.py", "environment.yml"),
    "docker build -t slipway -f .devcontainer/Dockerfile .": ("tests/install/test_image.py", '"docker build"'),
    "docker run --rm -it": ("tests/install/test_image.py", '"docker run"'),
    "docker compose up": ("tests/install/test_image.py", "docker compose"),
    "docker compose exec -u learner course": ("tests/install/test_image.py", '"--end-sessions"'),
    "docker image rm": ("tests/engine/test_interrupted.py", "docker image rm"),
    "rm -r ~/slipway ~/.local/state/slipway": ("tests/engine/test_interrupted.py", "rm -r ~/slipway"),
    "make clean": ("tests/engine/test_interrupted.py", "make clean"),
    "make setup": ("tests/engine/test_interrupted.py", "make setup"),
    "make lab": ("tests/engine/test_interrupted.py", "make lab"),
    "make check": (".github/workflows/test.yml", "make check"),
    "make test": (".github/workflows/test.yml", "make test"),
    "make proof": (".github/workflows/test.yml", "make proof"),
    "make tools": ("Makefile", "test: setup tools"),
    "python -P": ("tests/kernel/test_kernelspec.py", '"-P"'),
}
"""By how the command begins."""
NOT_RUN = {  # the reason
    "pip show slipway": "shows what pip knows of an installation",
    "make pictures": "takes the pictures of the pages again, by hand",
    "make chaos": "two hundred kills; tests/gateway/attacks/test_chaos.py does some in each run",
    "make faults": "fifty kills; tests/classroom/test_faults.py does some in each run",
    "make bench": "measures for minutes to hours",
    "python tests/benchmarks/": "measures for minutes to hours",
}


def commands_of(text: str) -> list[str]:
    """The commands of a page: in blocks of code, and between backticks."""
    fenced = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.S | re.M))
    found = re.findall(rf"^ {{4,}}({_PROGRAM} [^#\n=]*[^#\n]*)", text, re.M) + re.findall(
        rf"^({_PROGRAM} [^#\n]*)$", fenced, re.M
    )
    found += re.findall(rf"`({_PROGRAM} [^`\n]*)`", text)
    return [one.strip() for one in found if not re.match(r"python = ", one)]


def fault_of(command: str) -> str:
    """Why a command has nothing that runs it, "" when it has."""
    if command in LEARNER or command in INSTRUCTOR or command in NAMES:
        return ""
    if re.match(r"(?:\S*python -m )?pytest |make test ARGS=\"tests", command):  # those tests are run
        gone = [word for word in re.findall(r"tests/[\w/.]+", command) if not (ROOT / word).exists()]
        return f"{command}: {gone} is not there" if gone else ""
    if any(command.startswith(one) for one in NOT_RUN):
        program = re.search(r"tests/benchmarks/\w+\.py", command)
        return "" if program is None or (ROOT / program[0]).exists() else f"{command}: no such program"
    if any(command.startswith(one) for one in IN):
        return ""
    return f"{command}: no test runs it; give it a row in {Path(__file__).name}"


@pytest.mark.parametrize("documented", SITE)
def test_every_command_of_a_page_is_run(documented: str) -> None:
    assert [fault for one in commands_of((ROOT / documented).read_text("utf-8")) if (fault := fault_of(one))] == []


@pytest.mark.parametrize("documented", [SITE])
def test_no_row_is_left_over(documented: list[str]) -> None:
    said = [one for page in documented for one in commands_of((ROOT / page).read_text("utf-8"))]
    rows = [*LEARNER, *INSTRUCTOR, *NAMES]
    assert [row for row in rows if row not in said] == []
    assert [row for row in (*IN, *NOT_RUN) if not any(one.startswith(row) for one in said)] == []


def test_a_row_names_a_file_that_has_the_command() -> None:
    assert [row for row, (file, words) in IN.items() if words not in (ROOT / file).read_text("utf-8")] == []


def test_a_command_without_a_row_is_found() -> None:
    assert commands_of("    grader frobnicate  # so\nand `make test`") == ["grader frobnicate", "make test"]
    assert fault_of("grader frobnicate") and fault_of("pytest tests/gone.py") and not fault_of("make test")


class Terminal:
    """A terminal in an empty home, with the course's programs; a command that fails fails the test."""

    def __init__(self, home: Path, engine_url: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY_", "DOCKER_"))}
        self.home = home
        self.environment = kept | {
            "HOME": str(home),
            "SLIPWAY_ENGINE": engine_url,
            "SLIPWAY_RUNTIME_DIR": str(home / "run"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, command: str, folder: Path) -> str:
        print("$", command, flush=True)
        done = subprocess.run(
            ["sh", "-ec", command], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def terminal(engine_url: str) -> Iterator[Terminal]:
    home = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
    one = Terminal(home, engine_url)
    try:
        yield one
        one.run("course gateway stop --end-sessions", home)
    finally:
        shutil.rmtree(home)


PLACED = (
    "python -c 'from course import manifest, paths, workspace; workspace.prepare(manifest.load(), paths.workspace())'"
)


def test_the_commands_of_a_learner_run(terminal: Terminal) -> None:
    terminal.run(PLACED, terminal.home)
    for command, whole in LEARNER.items():
        terminal.run(whole or command, terminal.home)


def test_the_commands_of_an_instructor_run(terminal: Terminal) -> None:
    """In the order of grader/README.md, with one learner whose notebook comes from Moodle."""
    folder = terminal.home
    for command, whole in INSTRUCTOR.items():
        if command == "grader collect L01 --from moodle.zip":
            with zipfile.ZipFile(folder / "moodle.zip", "w") as packed:
                notebook = next((folder / "release").glob("L01*/L01*.ipynb"))
                packed.write(notebook, f"Ada Lovelace_77_assignsubmission_file_/{notebook.name}")
        terminal.run(whole or command, folder)
        if command == "grader init my-course":
            folder /= "my-course"
            with (folder / "roster.csv").open("a", encoding="utf-8") as roster:
                roster.write("ada,Ada,Lovelace,\n")
    assert "ada" in (folder / "marks.csv").read_text("utf-8")
