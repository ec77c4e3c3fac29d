"""Parent cgroups: what the engine starts without limits has the session's."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import docker
import pytest
from docker.errors import BuildError

from course.gateway import Client, session
from course.gateway.cgroups import PIDS_FACTOR, CgroupTree, NoCgroups, Slices, choose, session_memory
from course.gateway.policy.limits import CLASS

SID = "abcdefabcdef"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")


@needs_root
def test_a_fork_bomb_in_a_run_step_ends_at_the_sessions_limit(gateway: Client) -> None:
    parent = gateway.status()["cgroups"]
    if not parent:
        pytest.skip(gateway.status()["weaker"]["cgroups"])
    limit = CLASS.limits.pids * PIDS_FACTOR
    # As many background processes as the shell may start; it prints how many there were when it could not fork.
    dockerfile = b"FROM course/busybox\nRUN for i in $(seq 3000); do sleep 60 & done; true\n"
    with session("class") as opened, closing(docker.DockerClient(opened.url)) as client:
        with pytest.raises(BuildError) as failure:
            client.images.build(fileobj=io.BytesIO(dockerfile))
        assert any("fork" in line.get("stream", "") for line in failure.value.build_log)
        cap = Path("/sys/fs/cgroup/pids" + parent.replace("<session>", opened.id), "pids.max").read_text()
        assert int(cap) == limit
        assert client.containers.run("course/busybox", "echo alive", remove=True) == b"alive\n"


@needs_root
def test_a_cgroup_is_made_and_removed_with_what_runs_in_it(gateway: Client) -> None:
    if not Path("/sys/fs/cgroup/pids").is_dir():
        pytest.skip("this machine has version 2")
    tree = CgroupTree("0-test", 1)
    tree.make(SID, CLASS.limits)
    tree.make(SID, CLASS.limits)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        folder = Path(f"/sys/fs/cgroup/pids{tree.parent(SID)}")
        (folder / "deeper").mkdir()
        (folder / "deeper" / "cgroup.procs").write_text(str(process.pid))
        assert tree.sids() == {SID}
        assert tree.remove(SID)
        assert process.wait(10) == -9
        assert not folder.parent.exists()
        assert not tree.remove(SID)
        assert tree.sids() == frozenset()
    finally:
        process.kill()
        process.communicate()


def test_version_2_has_its_own_files_and_passes_controllers_on(tmp_path: Path) -> None:
    tree = CgroupTree("0-test", 2, tmp_path)
    leaf = tmp_path / "slipway/0-test" / SID
    leaf.mkdir(parents=True)
    for name in ("pids.max", "memory.max", "memory.swap.max", "cpu.weight"):
        (leaf / name).write_text("max")
    tree.make(SID, CLASS.limits)
    assert (leaf / "pids.max").read_text() == "1024"
    assert (leaf / "memory.max").read_text() == str(session_memory(CLASS.limits))
    assert (leaf / "memory.swap.max").read_text() == "0"
    for above in (tmp_path, tmp_path / "slipway", leaf.parent):
        assert (above / "cgroup.subtree_control").read_text() == "+pids +memory +cpu"


def test_a_slice_is_named_below_its_owner() -> None:
    assert Slices("0-abc").parent(SID) == f"slipway-0_abc-{SID}.slice"


@pytest.mark.parametrize(
    ("driver", "same_machine", "why"),
    [("cgroupfs", False, "another machine"), ("none", True, "driver is none")],
)
def test_a_machine_that_offers_none_says_why(driver: str, same_machine: bool, why: str, tmp_path: Path) -> None:
    chosen = choose(driver, "1", "0-test", same_machine, tmp_path)
    assert isinstance(chosen, NoCgroups)
    assert why in chosen.weaker or "root" in chosen.weaker
    assert chosen.parent(SID) == ""
    assert not chosen.remove(SID)


@needs_root
def test_a_folder_that_is_no_cgroup_file_system_is_not_taken_for_one(tmp_path: Path) -> None:
    assert "not a cgroup file system" in choose("cgroupfs", "2", "0-test", True, tmp_path).weaker
    assert isinstance(choose("systemd", "2", "0-test", True, tmp_path), Slices)
