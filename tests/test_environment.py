"""One environment, described three times: pyproject.toml, the lock, environment.yml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, GROUPS = SETTINGS["project"], SETTINGS["dependency-groups"]
LOCK = (ROOT / "requirements.lock").read_text()
DEPENDENCIES = [
    *PROJECT["dependencies"],
    *PROJECT["optional-dependencies"]["grader"],
    *(text for texts in GROUPS.values() for text in texts if isinstance(text, str)),
]
ASKED_FOR = ("jupyterlab", "nbgrader", "docker", "ipywidgets", "pytest", "nbval")


def locked() -> dict[str, set[str]]:
    """Each locked package with its versions (one, or one for each Python)."""
    found: dict[str, set[str]] = {}
    for name, pinned in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ \\;]+)", LOCK, re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(pinned)
    return found


@pytest.mark.parametrize("text", DEPENDENCIES)
def test_every_dependency_is_locked_within_its_range(text: str) -> None:
    requirement = Requirement(text)
    versions = locked()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(one) for one in versions)


def test_every_locked_file_has_a_hash_and_no_address() -> None:
    assert LOCK.count("--hash=sha256:") >= len(locked())
    assert "://" not in LOCK and "--index-url" not in LOCK


def test_what_was_asked_for_is_there() -> None:
    named = {canonicalize_name(Requirement(text).name) for text in DEPENDENCIES}
    assert set(ASKED_FOR) <= named


def test_the_running_environment_is_the_locked_one() -> None:
    for name in ASKED_FOR:
        assert version(name) in locked()[name]


def test_conda_installs_from_the_same_lock() -> None:
    settings = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert f"python{PROJECT['requires-python']}" in settings["dependencies"]
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    found: dict[str, set[str]] = {}
    for name, version_ in pinned:
        found.setdefault(canonicalize_name(name), set()).add(version_)
    assert found == locked()


def test_the_workflow_calls_make_test_on_every_supported_python() -> None:
    text = (ROOT / ".github/workflows/test.yml").read_text()
    assert "make test" in text
    assert all(f'"{minor}"' in text for minor in ("3.11", "3.12", "3.13", "3.14"))
    assert PROJECT["requires-python"] == ">=3.11,<3.15"


@pytest.mark.parametrize("package", ["course", "grader"])
def test_importing_a_package_is_quick_and_touches_nothing(package: str) -> None:
    heavy = "{'docker', 'IPython', 'aiohttp', 'requests', 'nbgrader', 'distributed', 'altair'}"
    code = f"import sys, {package}; sys.exit(repr({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_course_never_imports_grader() -> None:
    sources = (ROOT / "course").rglob("*.py")
    imports = re.compile(r"^\s*(from|import) grader\b", re.MULTILINE)
    assert [str(path.relative_to(ROOT)) for path in sources if imports.search(path.read_text())] == []


def test_no_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split(
        "\n"
    )
    hosts = re.compile(r"pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian|/work/(main|shared)|/tmp/dev/")
    found = []
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in (".png", ".tar", ".gz") or name == "tests/test_environment.py" or not path.is_file():
            continue
        if hosts.search(path.read_text(errors="replace")):
            found.append(name)
    assert found == []
