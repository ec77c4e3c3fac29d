"""A lesson's cell that runs again starts from nothing: what its last run made is removed first, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import nbformat
import pytest
from live_kernel import LiveKernel

from course.gateway import Session, session

SETUP = "import docker; client = docker.from_env()"
ANSWER = 'client.containers.run("course/busybox", ["echo", "ready"], name="first")'
EVERYTHING = """
client.networks.create("town")
client.volumes.create("drafts")
client.images.get("course/busybox").tag("box", tag="1")
client.containers.run("box:1", ["true"], name="keeper", network="town", volumes=["ledger:/data"], detach=True).wait()
client.images.build(fileobj=__import__("io").BytesIO(b"FROM course/busybox\\nLABEL a=b\\n"), tag="built")
client.containers.get("keeper").commit("kept")
"""
NAMED = (
    'client.containers.run("course/busybox", ["true"], name="trial")\n'
    'client.networks.create("trial"); client.containers.create("course/busybox")'
)
COMMANDS = (
    "%docker network create lane\n%docker volume create cellar\n%docker tag course/busybox mug\n"
    "%docker create --name jug course/busybox true"
)
CELLS = {
    "L90-first-goal": ("exercise", "markdown", "### Exercise"),
    "L90-first": ("starter", "code", ANSWER),
    "L90-all": ("starter", "code", EVERYTHING),
    "L90-named": ("run", "code", NAMED),
    "L90-commands": ("starter", "code", COMMANDS),
    "L90-far": ("given", "code", "# to be replaced"),
    "L90-twice-a": ("starter", "code", "print('twice')"),
    "L90-twice-b": ("starter", "code", "print('twice')"),
    "own": ("mine", "code", "client.containers.run('course/busybox', ['true'], name='own')"),
}


@pytest.fixture(scope="module", autouse=True)
def notebook(kernel_folder: Path) -> Iterator[Path]:
    """A notebook beside the kernel."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](text, id=id_, metadata={"tags": [tag]}) for id_, (tag, kind, text) in CELLS.items()]
    path = kernel_folder / "L90-trial.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    yield path
    path.unlink()


def names(client: docker.DockerClient) -> set[str]:
    from course.lesson.belongings import holdings

    return {f"{one.kind} {one.name}" for one in holdings(client)}


def twice(kernel: LiveKernel, cell: str) -> str:
    """Run a cell of the notebook two times; what the second run printed first."""
    kernel.must(SETUP)
    kernel.must(CELLS[cell][2], cell)
    return kernel.must(CELLS[cell][2], cell).stdout.splitlines()[0]


def test_an_answer_cell_makes_its_container_again(warm: LiveKernel, clean: docker.DockerClient) -> None:
    assert twice(warm, "L90-first") == "○ removed what this cell made before: container first"
    assert len(clean.containers.list(all=True)) == 1


def test_also_after_a_restart_and_where_nobody_names_the_cell(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must(ANSWER, "L90-first")
    warm.restart()
    warm.must(SETUP)
    assert "container first" in warm.must(ANSWER).stdout, "as nbclient runs it: by the text on disk"
    changed = warm.must(ANSWER.replace("ready", "open"), "L90-first")
    assert "container first" in changed.stdout, "by the id, whatever the text is"
    assert clean.containers.get("first").logs() == b"open\n"


def test_every_kind_of_object_goes(warm: LiveKernel, clean: docker.DockerClient) -> None:
    clean.volumes.create("other")
    line = twice(warm, "L90-all")
    for thing in ("container keeper", "network town", "volume drafts", "volume ledger", "box:1", "built", "kept"):
        assert thing in line
    assert "other" not in line
    assert set(clean.containers.get("keeper").image.tags) == {"course/busybox:latest", "box:1"}


def test_the_docker_command_counts_too(warm: LiveKernel, clean: docker.DockerClient) -> None:
    line = twice(warm, "L90-commands")
    for thing in ("container jug", "network lane", "volume cellar", "image mug"):
        assert thing in line


def test_a_second_machine_is_cleared_as_well(warm: LiveKernel, clean: docker.DockerClient) -> None:
    with session(name="far") as far, closing(docker.DockerClient(far.url)) as there:
        cell = f"""
tom = docker.DockerClient({far.url!r})
client.images.get("course/busybox").tag("list", tag="1")
tom.images.load(b"".join(client.images.get("list:1").save(named="list:1")))
tom.containers.run("list:1", ["true"], name="list")
"""
        warm.must(SETUP)
        warm.must(cell, "L90-far")
        assert names(there) == {"container list", "image list:1"}
        line = warm.must(cell, "L90-far").stdout.splitlines()[0]
        assert sorted(line.partition(": ")[2].split(", ")) == ["container list", "image list:1", "image list:1"]


def test_what_another_cell_made_stays(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must(ANSWER, "L90-first")
    warm.must(
        "client.containers.get('first').remove(); client.containers.create('course/busybox', name='first')", "own"
    )
    refused = warm.run(ANSWER, "L90-first")
    assert refused.error == "APIError" and not refused.stdout
    assert clean.containers.get("first").status == "created"


def test_a_name_that_was_given_to_another_image_stays(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    cell = 'client.images.get("course/busybox").tag("moved")'
    warm.must(cell, "L90-first")
    warm.must('client.images.get("course/python").tag("moved")', "own")
    assert not warm.must("pass", "L90-first").stdout
    assert "course/python:latest" in clean.images.get("moved").tags


def test_the_lessons_other_cells_give_back_what_would_conflict(warm: LiveKernel, clean: docker.DockerClient) -> None:
    assert twice(warm, "L90-named") == "○ removed what this cell made before: container trial, network trial"
    assert len(clean.containers.list(all=True)) == 3, "a container without a name is left"


@pytest.mark.parametrize("cell_id", ["own", "L99-elsewhere", None])
def test_a_learners_own_cell_is_plain_docker_py(
    warm: LiveKernel, clean: docker.DockerClient, cell_id: str | None
) -> None:
    warm.must(SETUP)
    warm.must(CELLS["own"][2] + " # mine", cell_id)
    assert warm.run(CELLS["own"][2] + " # mine", cell_id).error == "APIError"


def test_a_text_that_two_cells_have_says_nothing_of_either(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    assert warm.must("print('twice')").stdout == warm.must("print('twice')").stdout == "twice\n"
    found = warm.must("from course.lesson.lesson_cell import running_lesson_cell as r; print(r().exercise)", "L90-all")
    assert found.stdout == "L90-first\n"


def test_a_notebook_that_cannot_be_read_changes_nothing(
    warm: LiveKernel, notebook: Path, shared_session: Session
) -> None:
    for content in (b"[]", b'{"cells": 7}', b'{"cells": [{"metadata": 3}]}', b"\xff", b"[" * 100_000):
        (notebook.parent / "broken.ipynb").write_bytes(content)
        assert warm.must("print('here')", "L90-first").stdout == "here\n"
    (notebook.parent / "broken.ipynb").unlink()
