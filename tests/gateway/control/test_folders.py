"""Which folders a container of a session may mount: those inside the workspace, reached without a link."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from course.gateway.folders import Mounted, Workspace, expected_mount, mounts_of
from course.gateway.policy.refusal import Refusal


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("ws/app/src", "outside", "ws/state"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outside/secret").write_text("secret")
    (tmp_path / "ws/app/index.html").write_text("hello")
    return tmp_path


@pytest.fixture
def workspace(place: Path) -> Workspace:
    return Workspace(str(place / "ws"), (place / "ws/state",))


@pytest.mark.parametrize("below", ["app", "app/src", "app/index.html"])
def test_folders_and_files_inside_are_found(place: Path, workspace: Workspace, below: str) -> None:
    found = workspace.find(str(place / "ws" / below))
    assert found.path == str(place / "ws" / below)
    assert found.inode == (place / "ws" / below).stat().st_ino


def test_the_workspace_itself_is_found_where_it_holds_no_files_of_sessions(place: Path) -> None:
    assert Workspace(str(place / "ws")).find(str(place / "ws")).path == str(place / "ws")


def test_a_workspace_that_is_reached_by_a_link_is_meant_by_both_names(place: Path) -> None:
    (place / "home").symlink_to(place / "ws")
    by_link = Workspace(str(place / "home"))
    assert by_link.find(str(place / "home/app")).path == str(place / "ws/app")
    assert by_link.find(str(place / "ws/app")).path == str(place / "ws/app")


@pytest.mark.parametrize(
    "source",
    ["/", "/etc", "/var/run/docker.sock", "{}/outside", "{}", "{}/ws2", "{}/ws/../outside", "ws/app", "", "{}/ws/\0"],
)
def test_what_is_outside_is_refused(place: Path, workspace: Workspace, source: str) -> None:
    with pytest.raises(Refusal, match="only folders inside the workspace"):
        workspace.find(source.format(place), make=True)


def test_the_files_of_sessions_are_refused_and_what_holds_them(place: Path, workspace: Workspace) -> None:
    for source in ("ws", "ws/state", "ws/state/ledger"):
        with pytest.raises(Refusal, match="sessions keep their own files"):
            workspace.find(str(place / source), make=True)


@pytest.mark.parametrize("link", ["ws/link", "ws/app/link"])
@pytest.mark.parametrize("target", ["../outside", "/etc", "/", "app", "nowhere"])
def test_no_link_is_followed_wherever_it_leads(place: Path, workspace: Workspace, link: str, target: str) -> None:
    (place / link).symlink_to(target)
    for source in (place / link, place / link / "secret", place / link / "new/deep"):
        with pytest.raises(Refusal, match="is a link"):
            workspace.find(str(source), make=True)
    assert not (place / "outside/new").exists()


def test_sockets_and_pipes_are_refused(place: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(place / "ws/pipe")
    monkeypatch.chdir(place / "ws")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("door.sock")
        for name in ("pipe", "door.sock"):
            with pytest.raises(Refusal, match="neither a folder nor a file"):
                workspace.find(str(place / "ws" / name))


def test_an_absent_folder_is_made_where_that_is_asked_for(place: Path, workspace: Workspace) -> None:
    with pytest.raises(Refusal, match="bind source path does not exist"):
        workspace.find(str(place / "ws/new/deep"))
    assert workspace.find(str(place / "ws/new/deep"), make=True).path == str(place / "ws/new/deep")
    assert (place / "ws/new/deep").stat().st_uid == (place / "ws").stat().st_uid


def test_nothing_is_below_a_file(place: Path, workspace: Workspace) -> None:
    with pytest.raises(Refusal, match="is no folder"):
        workspace.find(str(place / "ws/app/index.html/x"), make=True)


def test_without_a_workspace_nothing_can_be_mounted(place: Path) -> None:
    for path in ("", "/"):
        with pytest.raises(Refusal):
            Workspace(path).find(str(place / "ws/app"))


def test_a_replaced_folder_is_another_one(place: Path, workspace: Workspace) -> None:
    before = workspace.find(str(place / "ws/app"))
    (place / "ws/app").rename(place / "ws/old")
    (place / "ws/app").mkdir()
    assert workspace.find(str(place / "ws/app")) != before


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="there is no mountinfo")
def test_a_mount_is_known_by_its_device_and_the_path_within(place: Path, workspace: Workspace, tmp_path: Path) -> None:
    found = expected_mount(workspace.find(str(place / "ws/app")))
    assert found is not None and found.root.endswith("/ws/app")
    table = tmp_path / "mountinfo"
    table.write_text(f"1 2 {found.device} /a\\040b{found.root} /app rw - ext4 /dev/x rw\n")
    assert mounts_of(1, table) == {Mounted(found.device, f"/a b{found.root}")}
    assert mounts_of(1, tmp_path / "nothing") is None
