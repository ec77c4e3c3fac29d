"""Which outputs stay in a lesson's source, and the command that writes them."""

from __future__ import annotations

import nbformat
import pytest

from course.manifest import Course
from course.workspace import released, self_study
from grader.authoring.lint import lint_course
from grader.authoring.source.outputs import keep_outputs
from grader.authoring.source.stored import COMPARED, carried_over, comparable, sanitized

stream = {"output_type": "stream", "name": "stdout", "text": "in 0.25 s: container 0123456789ab\n"}


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("sha256:0123456789abcdef", "DIGEST"),
        ("http://localhost:32768/", "http://localhost:PORT/"),
        ("engine 28.5.2+dfsg4 (API 1.51)", "engine VERSION (API VERSION)"),
        ("Node v24.1.0", "Node VERSION"),
        ("removed brisk_bow160", "removed NAME"),
        ("exit code: 3", "exit code: 3"),
        (
            "{'80/tcp': [{'HostIp': '127.0.0.1', 'HostPort': '49154'}]}",
            "{'80/tcp': [{'HostIp': 'VERSION', 'HostPort': 'PORT'}]}",
        ),
        ("practical_wozniak 2 years ago, Up 3 weeks", "NAME DURATION ago, Up DURATION"),
        ("Up Less than a second (healthy)", "Up DURATION (healthy)"),
        ("Exited (137) About a minute ago", "Exited (137) DURATION ago"),
        ("2026-11-30 14:53:54 +0000 UTC", "TIME +0000 UTC"),
        ("Tue Dec  1 02:01:00 UTC 2026", "TIME"),
        ("Date: Mon, 30 Nov 2026 14:53:54 GMT", "Date: TIME"),
        ("-rw-r--r-- 1 root root 5 Nov 30 14:53 x", "-rw-r--r-- 1 root root 5 TIME x"),
        ("'time': 1764514434, 'timeNano': 1764514434123456789", "'time': TIME, 'timeNano': ID"),
        ("eth0 02:42:ac:11:00:02 172.17.0.3", "eth0 MAC VERSION"),
        ("12.31% 1.2MiB / 512MiB", "SHARE SIZE / SIZE"),
        ("CPU times: user 900 µs, total: 2.1 ms", "CPU times: user DURATION, total: DURATION"),
        ("0:00:01.234567", "DURATION"),
    ],
)
def test_what_differs_between_two_right_runs_is_replaced(text: str, stays: str) -> None:
    assert sanitized(text) == stays == sanitized(stays)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("exit 0", "exit 1"), ("port 80", "port 81"), ("8080", "9090"), ("3 containers", "2 containers"),
        ("running", "exited"), ("50%", "60%"), ("total 12345", "total 12346"), ("14:53", "14:54"), ("v1", "v2"),
    ],
)  # fmt: skip
def test_what_a_lesson_could_be_about_stays(right: str, wrong: str) -> None:
    assert sanitized(right) != sanitized(wrong)


def test_one_text_can_be_compared_and_a_picture_cannot() -> None:
    assert comparable([stream, stream])[0]["text"] == "in DURATION: container ID\n" * 2
    assert comparable([]) == comparable([{**stream, "text": " \n"}]) == []
    assert comparable([stream, {"output_type": "display_data", "data": {"text/plain": "a picture"}}]) == []
    assert comparable([{**stream, "name": "stderr"}]) == []


def test_a_notebook_that_is_packed_again_keeps_the_outputs_of_unchanged_cells() -> None:
    def cell(id_: str, source: str, **more: object) -> nbformat.NotebookNode:
        return nbformat.v4.new_code_cell(source, id=id_, **more)

    tagged = {"metadata": {"tags": ["run", COMPARED]}, "outputs": [nbformat.from_dict(stream)], "execution_count": 1}
    old = nbformat.v4.new_notebook(cells=[cell("a", "1", **tagged), cell("b", "1", **tagged)])
    new = nbformat.v4.new_notebook(cells=[cell("a", "1", metadata={"tags": ["run"]}), cell("b", "2"), cell("c", "3")])
    carried_over(old, new)
    assert [len(one.outputs) for one in new.cells] == [1, 0, 0]
    assert [one.execution_count for one in new.cells] == [1, None, None]
    assert new.cells[0].metadata.tags == ["run", COMPARED]


def test_the_command_stores_them_and_no_released_copy_has_any(
    fresh: Course, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_NOTEBOOKS", str(fresh.root))
    (lesson,) = fresh.lessons
    kept = keep_outputs(lesson, [engine_url])
    assert "L07-run-first" in kept
    node = nbformat.read(lesson.notebook, as_version=nbformat.NO_CONVERT)
    assert [cell.id for cell in node.cells if cell.get("outputs")] == [
        cell.id for cell in node.cells if cell.id in kept
    ]
    assert lint_course(fresh) == []
    for copy in (released(lesson.notebook), self_study(lesson.notebook)):
        assert not any(cell.get("outputs") for cell in copy.cells)
