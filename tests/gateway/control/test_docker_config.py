"""A session's own DOCKER_CONFIG: what of the user's is carried over, and that no login helper stops docker-py."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from course.gateway import docker_config

USERS: dict[str, Any] = {
    "auths": {"registry.example": {"auth": "c2VjcmV0"}},
    "credsStore": "desktop.exe",
    "credHelpers": {"gcr.io": "gcloud"},
    "HttpHeaders": {"X-Token": "secret"},
    "proxies": {"default": {"httpProxy": "http://user:secret@proxy.example"}},
    "currentContext": "production",
    "detachKeys": "ctrl-q",
    "psFormat": "table {{.ID}}",
    "imagesFormat": ["no", "text"],
}
SCRIPT = """
import docker.auth
config = docker.auth.load_config()
print(sorted(config), config.get_all_credentials(), config.resolve_authconfig("gcr.io"))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with a config.json, and a state folder of its own."""
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    folder = tmp_path / "home" / ".docker"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(USERS))
    return folder.parent


def written(variables: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(Path(variables["DOCKER_CONFIG"], "config.json").read_text()))


def test_nothing_but_how_the_command_looks_is_carried_over(home: Path) -> None:
    variables = docker_config.variables({"HOME": str(home)})
    assert written(variables) == {"auths": {}, "detachKeys": "ctrl-q", "psFormat": "table {{.ID}}"}
    assert stat.S_IMODE(Path(variables["DOCKER_CONFIG"]).stat().st_mode) == 0o700


def test_grading_carries_over_nothing(home: Path) -> None:
    assert written(docker_config.variables({"HOME": str(home)}, grading=True)) == {"auths": {}}


def test_a_session_in_a_session_keeps_the_config_and_names_the_folder_once(home: Path) -> None:
    first = docker_config.variables({"HOME": str(home), "PYTHONPATH": "/mine"})
    again = docker_config.variables({"HOME": str(home), **first})
    assert again == first
    assert first["PYTHONPATH"].endswith(os.pathsep + "/mine")
    assert "psFormat" in written(again)


def test_the_plugins_are_a_buildx_and_a_wrapper_of_the_user_s_compose(home: Path) -> None:
    users = home / ".docker" / "cli-plugins"
    users.mkdir()
    for name in ("docker-compose", "docker-buildx"):
        (users / name).write_text('#!/bin/sh\necho "$DOCKER_BUILDKIT $*"\n')
        (users / name).chmod(0o755)
    variables = docker_config.variables({"HOME": str(home)})
    mine = Path(variables["DOCKER_CONFIG"], "cli-plugins")
    assert written(variables)["cliPluginsExtraDirs"] == [str(mine), str(users)], (
        "the first one that has a plugin counts"
    )
    assert variables["DOCKER_BUILDKIT"] == ""

    def run(name: str, *words: str) -> str:
        return subprocess.run([mine / name, *words], capture_output=True, text=True, check=True).stdout

    assert run("docker-compose", "compose", "up") == "0 compose up\n"
    assert "Slipway" in run("docker-buildx", "docker-cli-plugin-metadata")
    (users / "docker-compose").unlink()
    docker_config.variables({"HOME": str(home)})
    assert not (mine / "docker-compose").exists() or "/usr/" in (mine / "docker-compose").read_text()


def test_grading_has_no_plugins(home: Path) -> None:
    variables = docker_config.variables({"HOME": str(home)}, grading=True)
    assert not Path(variables["DOCKER_CONFIG"], "cli-plugins").exists()
    assert "DOCKER_BUILDKIT" not in variables


@pytest.mark.parametrize("text", ["", "[]", "{", '{"psFormat": ' + "[" * 100_000, '{"psFormat": "' + "x" * 5000 + '"}'])
def test_a_config_that_cannot_be_read_carries_nothing_over(home: Path, text: str) -> None:
    (home / ".docker" / "config.json").write_text(text)
    assert written(docker_config.variables({"HOME": str(home)})) == {"auths": {}}


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device", "a link to itself", "a link to nothing", "no mode"])
def test_a_config_that_is_no_file_carries_nothing_over(home: Path, kind: str) -> None:
    path = home / ".docker" / "config.json"
    if kind == "no mode":
        path.chmod(0)
    else:
        path.unlink()
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            path.symlink_to("/dev/zero")
        case "a link to itself":
            path.symlink_to(path)
        case "a link to nothing":
            path.symlink_to("/no/such/file")
    carried_over = written(docker_config.variables({"HOME": str(home)}))
    assert carried_over == {"auths": {}} or (kind == "no mode" and os.geteuid() == 0)


def test_a_config_that_windows_wrote_is_read(home: Path) -> None:
    (home / ".docker" / "config.json").write_text(json.dumps({"detachKeys": "ctrl-q"}), "utf-8-sig")
    assert written(docker_config.variables({"HOME": str(home)})) == {"auths": {}, "detachKeys": "ctrl-q"}


@pytest.mark.parametrize(
    "config",
    [
        {"credsStore": "not-there"},
        {"credHelpers": {"gcr.io": "not-there", "eu.gcr.io": "not-there"}},
        {"credsStore": "not-there", "credHelpers": {"localhost:5000": "not-there"}},
        {"credsStore": 5, "credHelpers": []},
    ],
)
def test_a_helper_that_is_not_installed_stops_no_python_of_a_session(
    home: Path, tmp_path: Path, config: dict[str, Any]
) -> None:
    """Also where a script chooses a config by itself, and with a sitecustomize of the environment's own."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("print('own')")
    (tmp_path / "config.json").write_text(json.dumps({"auths": {}, **config}))
    variables = docker_config.variables({"HOME": str(home), "PYTHONPATH": str(tmp_path / "own")})
    chosen = {**os.environ, **variables, "DOCKER_CONFIG": str(tmp_path)}

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", SCRIPT], env={**chosen, **more}, capture_output=True, text=True)

    inside, outside = run(SLIPWAY_SESSION="s"), run(SLIPWAY_SESSION="")
    assert inside.stdout.startswith("own\n"), inside.stderr
    assert inside.returncode == 0, inside.stderr
    assert outside.returncode != 0  # outside of sessions docker-py is as it is


def test_a_helper_that_is_installed_is_asked(home: Path, tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-here"
    helper.write_text("#!/bin/sh\necho '{}'\n")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps({"auths": {}, "credsStore": "here"}))
    variables = docker_config.variables({"HOME": str(home)}) | {"DOCKER_CONFIG": str(tmp_path), "SLIPWAY_SESSION": "s"}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace(', config.resolve_authconfig("gcr.io")', "")],
        env={**os.environ, **variables, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "credsStore" in ran.stdout
