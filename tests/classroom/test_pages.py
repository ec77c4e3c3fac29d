"""The report and the feedback pages: what is on them, and that nothing a learner wrote is markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_class import HIDDEN, MadeClass
from small_course import LESSON

from grader.classroom.nbgrader_side.feedback import without_hidden
from grader.classroom.report.dockerfiles import alike_files, in_notebook, shared_layers

EVIL = "</pre><script>document.title='owned'</script><img src=x onerror=alert(1)>"
DOCKERFILE = "FROM course/python\nWORKDIR /srv\nCOPY shop.py /srv/\nENV SHOP=ada\nCMD python shop.py\n"


@pytest.fixture(scope="module")
def pages(made_once: MadeClass, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report and the feedback of a class in which one learner attacks the pages."""
    made = made_once.copy(tmp_path_factory.mktemp("pages"))
    marks = {"ada": (3, 1), "李 四": (2, 0), "Zoë O'Neil": (0, 0), "=HYPERLINK(1)": (None, 1)}
    for who, (check, hidden) in marks.items():
        if who == "Zoë O'Neil":
            made.write(made.examination(who, check, hidden, said=EVIL, notes=(EVIL,), layers=("sha256:common",)))
        else:
            made.write(made.examination(who, check, hidden, layers=("sha256:common",)))
    made.grader("report", "T01")
    made.grader("feedback", "T01")
    found = {page.parts[-3]: page.read_text("utf-8") for page in (made.root / "feedback").glob("*/*/*.html")}
    return {**found, "report": (made.root / "report" / f"{LESSON}.html").read_text("utf-8")}


def test_no_page_loads_anything_or_runs_a_script(pages: dict[str, str]) -> None:
    assert set(pages) == {"report", "ada", "李 四", "Zoë O'Neil", "=HYPERLINK(1)"}
    for page in pages.values():
        assert not re.search(r"<(script|iframe|object|embed|link)\b", page, re.IGNORECASE)
        assert not re.search(r"""<[^>]*\b(src|href)=["']?(?!["']?(data:|#))""", page)
        assert "default-src &#39;none&#39;" in page and not re.search(r"<[^>]*\bon\w+=", page)
    assert "&lt;script&gt;" in pages["Zoë O'Neil"] and "&lt;script&gt;" in pages["report"]


def test_the_report_has_a_table_with_the_numbers_of_each_chart(pages: dict[str, str]) -> None:
    report = pages["report"]
    pictures = re.findall(r'<img class="chart" src="data:image/svg\+xml;base64,[^"]+" alt="[^"]{20,}">', report)
    assert len(pictures) == 2
    text = re.sub(r"<[^>]+>", " ", report)
    for part in (
        "3.6 to 4",
        "partly right",
        "greeter runs and prints ahoy",
        "could not be checked: T01-greeter",
        "李 四",
    ):
        assert part in text, part
    assert 'lang="en"' in report and report.count("<h1>") == 1 and "<caption>" in report


def test_feedback_shows_what_a_hidden_test_found_and_never_its_source(pages: dict[str, str]) -> None:
    page = pages["李 四"]
    assert HIDDEN in page and "observed: the output good day" in page
    assert "runs(prints=" not in page and "hidden tests: what they found is below" in page
    assert "course/busybox" in page and "descends_from" in page, "the facts, and the tests that are no secret"


def test_a_hidden_test_without_an_end_is_hidden_too() -> None:
    source = "a = 1\n### BEGIN HIDDEN TESTS\nassert a == 2"
    assert "assert" not in without_hidden(source) and "a = 1" in without_hidden(source)


def test_pairs_are_what_few_share() -> None:
    other = "FROM course/node\nCOPY . /app\nWORKDIR /app\nEXPOSE 8000\nCMD node .\n"
    files = {f"s{i}": {"Dockerfile": other.replace("8000", str(i) * 9)} for i in range(3)}
    files |= {f"same{i}": {"Dockerfile": "FROM course/busybox\nRUN a\nRUN b\nCMD c"} for i in range(8)}
    files |= {"ada": {"Dockerfile": DOCKERFILE}, "bo": {"Dockerfile": DOCKERFILE.replace("ada", "bob") + "# mine\n"}}
    assert [(p.one, p.other, p.what) for p in alike_files(files)] == [("ada", "bo", "Dockerfile")]
    layers = {who: ["base", *(["odd"] if who in ("ada", "bo") else [])] for who in files}
    assert [(p.one, p.other) for p in shared_layers(layers)] == [("ada", "bo")]


def test_large_dockerfiles_and_many_are_compared_within_bounds(made: MadeClass) -> None:
    """Four large ones, 7 million empty lines, 500 names that two learners share: each once kept it from ending."""
    lines = "\n".join(f"RUN echo {number} > /srv/{number}" for number in range(300_000))
    for place, who in enumerate(made.students):
        folder = made.root / "submitted" / who / LESSON
        (folder / "Dockerfile").write_text(f"FROM course/busybox\n{lines}\n# {who}")
        (folder / "Dockerfile.empty").write_text("\n" * 7_000_000)
        for number in range(500 if place < 2 else 0):
            (folder / f"{number}.dockerfile").write_text(f"FROM course/node\n{lines[: 20_000 + place]}")
    made.grader("report", "T01")
    report = (made.root / "report" / f"{LESSON}.html").read_text("utf-8")
    assert "100 % the same" in report and "0.dockerfile" in report
    texts = {who: {str(name): f"FROM own/{who}\n{lines[:9000]}" for name in range(2000)} for who in map(str, range(40))}
    assert len(alike_files(texts)) == 40, "of 39,000 pairs the first few thousand are compared"


def test_dockerfiles_are_found_in_cells_of_any_notebook() -> None:
    found = in_notebook(
        b'{"cells": [{"cell_type": "code", "id": "x", "metadata": {},'
        b' "source": ["%%dockerfile t\\n", "FROM a\\n", "RUN b"]}]}'
    )
    assert found == {"x": "FROM a\nRUN b"}
    assert in_notebook(b"{") == in_notebook(b'{"cells": 3}') == {}


def test_the_report_of_a_lesson_without_submissions_is_a_page_too(made: MadeClass, tmp_path: Path) -> None:
    for folder in (made.root / "submitted").iterdir():
        folder.rename(tmp_path / folder.name)
    made.grader("report", "T01")
    assert "nothing handed in" in (made.root / "report" / f"{LESSON}.html").read_text("utf-8")
