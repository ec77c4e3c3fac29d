"""A learner uses fleet, two machines, questions and the map of lessons in both front ends with the keyboard alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from both_themes import take_both_themes
from front_end import PATIENCE, FrontEnd, run_cell, save, tab_to
from playwright.sync_api import Locator, Page, expect

from course import progress
from course.gateway import Client, attach
from course.lesson.belongings import holdings, remove
from course.manifest import load
from course.widgets.fleet_picture import LABEL

HOSTILE = "<img src=x onerror=document.title='taken'>"
PAGE = f"""
FROM course/busybox
RUN mkdir /www
EXPOSE 7080
CMD echo "{HOSTILE} Welcome. Served by $(hostname)" > /www/index.html; exec httpd -f -p 7080 -h /www
"""
PRICES = """
FROM course/busybox
RUN echo "bread 2" > /prices.txt
CMD ["cat", "/prices.txt"]
"""

Open = Callable[..., Page]


@pytest.fixture
def colleague(learner: docker.DockerClient, lab_workspace: Path) -> Iterator[docker.DockerClient]:
    """The engine's view of the second machine; it is empty afterwards, and goes with the learner's session."""
    with attach(lab_workspace) as lease:
        second = Client().machine(lease.session.id, "colleague")
        with closing(docker.DockerClient(second.url, timeout=60)) as client:
            yield client
            remove(client, list(holdings(client)))


def build(client: docker.DockerClient, dockerfile: str, name: str) -> None:
    client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, rm=True)


def nothing_was_interpreted(page: Page, picture: Locator) -> None:
    """What the engine says stayed text."""
    assert picture.locator("img, script, iframe").count() == 0 and page.title() != "taken"


def test_a_fleet_is_moved_asked_and_loses_one(
    open_notebook: Open, learner: docker.DockerClient, front: FrontEnd, lab_workspace: Path, artefacts: Path
) -> None:
    build(learner, PAGE, "page:1")
    page = open_notebook("fleet.ipynb", "from course.widgets import fleet\nfleet('page:1', 2)")
    picture = run_cell(page, 0).locator(".slipway")
    expect(picture).to_contain_text("2 containers, 2 running", timeout=PATIENCE)
    picture.focus()
    tab_to(page, "How many containers")
    page.keyboard.press("ArrowRight")
    tab_to(page, "Move to 3")
    expect(picture.locator(".slipway-line")).to_contain_text("for _ in range(1): docker.from_env().containers.run(")
    page.keyboard.press("Enter")
    expect(picture).to_contain_text("3 containers, 3 running", timeout=PATIENCE)
    own = learner.containers.list(filters={"label": LABEL})
    assert len(own) == 3 and {one.image.tags[0] for one in own} == {"page:1"}
    status = picture.locator(".slipway-said")
    first = picture.locator(".slipway-member").first.get_attribute("data-id")  # it gets the odd one of a hundred
    (killed,) = [one for one in own if one.id == first]
    for press, counts in (("Enter", "answered 34 of 34"), ("Space", "answered 34 of 68")):
        tab_to(page, "Send 100 requests")
        page.keyboard.press(press)
        expect(status).to_contain_text("✓ 100 requests", timeout=PATIENCE)
        card = picture.locator(f"[data-id='{killed.id}']")
        expect(card).to_contain_text(counts, timeout=PATIENCE)
        if press == "Enter":
            expect(card).to_contain_text(f"{HOSTILE} Welcome. Served by {killed.id[:12]}")
            tab_to(page, f"Kill {killed.name}")
            page.keyboard.press("Enter")
            expect(card).to_contain_text("■ exited (137)", timeout=PATIENCE)
            killed.reload()
            assert killed.status == "exited" and learner.images.list("page")
            picture.focus()
    nothing_was_interpreted(page, picture)
    take_both_themes(front, picture, artefacts, "fleet")
    tab_to(page, "Remove all")
    page.keyboard.press("Space")
    expect(picture).to_contain_text("0 containers, 0 running", timeout=PATIENCE)
    assert learner.containers.list(all=True) == []
    (output,) = save(page, lab_workspace / "fleet.ipynb")
    assert set(output["data"]) == {"text/plain", "text/html"}  # type: ignore[call-overload]  # JSON


def test_an_image_is_sent_across_by_archive_and_by_registry(
    open_notebook: Open,
    learner: docker.DockerClient,
    colleague: docker.DockerClient,
    front: FrontEnd,
    lab_workspace: Path,
    artefacts: Path,
) -> None:
    build(learner, PRICES, "prices:1")
    page = open_notebook("two.ipynb", "from course.widgets import two_machines\ntwo_machines()")
    picture = run_cell(page, 0).locator(".slipway")
    here, there = picture.locator("[data-id=here]"), picture.locator("[data-id=there]")
    expect(here).to_contain_text("○ not there; 1 of its 2 layers are", timeout=PATIENCE)
    picture.focus()
    tab_to(page, "Push and pull prices:1")
    page.keyboard.press("Enter")
    expect(picture.locator(".slipway-said")).to_contain_text("○ no registry runs at localhost:5000")
    assert not colleague.images.list("prices")
    picture.focus()
    tab_to(page, "Send as archive prices:1")
    page.keyboard.press("Enter")
    expect(there.locator("li", has_text="prices:1")).to_contain_text("✓ the same image is there", timeout=PATIENCE)
    assert colleague.images.get("prices:1").id == learner.images.get("prices:1").id
    expect(picture.locator(".slipway-said")).to_contain_text("prices:1 is on the colleague's machine", timeout=PATIENCE)
    shelf = learner.containers.run("course/registry", ports={"5000/tcp": None}, detach=True)
    next(line for line in shelf.logs(stream=True) if b"listening" in line)
    button = here.get_by_role("button", name="Push and pull prices:1")
    expect(button).to_have_attribute("aria-disabled", "false", timeout=PATIENCE)
    picture.focus()
    tab_to(page, "Push and pull prices:1")
    page.keyboard.press("Space")
    name = "localhost:5000/prices:1"
    expect(there).to_contain_text(name, timeout=PATIENCE)
    expect(picture.get_by_role("progressbar")).to_have_count(0, timeout=PATIENCE)
    (digest,) = learner.images.get(name).attrs["RepoDigests"]
    assert colleague.images.get(name).attrs["RepoDigests"] == [digest]
    for side in (here, there):
        expect(side).to_contain_text(f"digest {digest.partition('@sha256:')[2][:12]}", timeout=PATIENCE)
    take_both_themes(front, picture, artefacts, "two-machines")
    (output,) = save(page, lab_workspace / "two.ipynb")
    assert set(output["data"]) == {"text/plain", "text/html"}  # type: ignore[call-overload]  # JSON


def test_a_question_is_answered_once_and_laid_beside_the_engines_answer(
    open_notebook: Open, front: FrontEnd, lab_workspace: Path, artefacts: Path
) -> None:
    asked = load().lesson("L01").questions[["lab", "notebook"].index(front.name)]  # each is answered once
    page = open_notebook(
        "ask.ipynb",
        f'from course.lesson import explain, predict\npredict("{asked.id}")',
        f'explain("{asked.id}")',
    )
    picture = run_cell(page, 0).locator(".slipway")
    expect(picture.locator(".slipway-said")).to_contain_text("○ Not answered yet", timeout=PATIENCE)
    picture.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "radio"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(picture.get_by_role("radio").nth(1)).to_be_checked()
    assert progress.prediction(asked.id) is None, "choosing is not answering"
    expect(picture.locator(".slipway-line")).to_have_text(f'predict("{asked.id}", answer="B")')
    take_both_themes(front, picture, artefacts, "predict")
    picture.get_by_role("radio").nth(1).focus()
    page.keyboard.press("Enter")
    expect(picture.locator(".slipway-said")).to_contain_text("→ Your prediction: B", timeout=PATIENCE)
    kept = progress.prediction(asked.id)
    assert kept is not None and kept.answer == kept.first == "B"
    expect(picture.get_by_role("radio").nth(0)).to_be_disabled()
    expect(picture.get_by_role("button", name="Predict")).to_have_count(0)
    compared = run_cell(page, 1).locator(".slipway")
    for one in (compared, picture):
        expect(one).to_contain_text("The answer", timeout=PATIENCE)
        expect(one).to_contain_text(asked.answer.text.rstrip("."))
        expect(one).to_contain_text("✓ right" if asked.options[1].right else "✗ not so")
    take_both_themes(front, compared, artefacts, "explain")
    outputs = save(page, lab_workspace / "ask.ipynb")
    assert [set(output["data"]) for output in outputs] == [{"text/plain", "text/html"}] * 2  # type: ignore[call-overload]  # JSON


def test_the_goals_of_a_card_tick_by_themselves(
    open_notebook: Open, learner: docker.DockerClient, front: FrontEnd, artefacts: Path
) -> None:
    check = 'from grader import checks\nchecks.all_of("L00-first-container")'
    page = open_notebook("card.ipynb", check)
    card = run_cell(page, 0).locator(".slipway")
    goals, said = card.locator(".slipway-goal"), card.locator(".slipway-said")
    expect(goals.first).to_be_visible(timeout=PATIENCE)
    expect(card.locator(".slipway-goal[data-status=passed]")).to_have_count(0)
    learner.containers.create("course/busybox", ["echo", "the shop is ready"], name="first").start()
    expect(card.locator(".slipway-goal[data-status=passed]")).to_have_count(3, timeout=PATIENCE)
    expect(said).to_contain_text("✓ passed: ")
    expect(card.locator(".slipway-note")).to_contain_text("Press Check to count them")
    expect(card.locator(".slipway-points")).to_contain_text("0 of 3 points")
    take_both_themes(front, card, artefacts, "exercise-ticked")
    learner.containers.get("first").remove()
    expect(card.locator(".slipway-goal[data-status=passed]")).to_have_count(0, timeout=PATIENCE)
    expect(said).to_contain_text("✗ failed: ")


def test_the_map_of_lessons_leads_to_the_next_one(
    open_notebook: Open, front: FrontEnd, lab_workspace: Path, artefacts: Path
) -> None:
    first, second = load().lessons[:2]
    page = open_notebook(f"{first.name}/map.ipynb", "from course.widgets import progress_map\nprogress_map()")
    picture = run_cell(page, 0).locator(".slipway")
    expect(picture.locator(f"[data-id={first.id}]")).to_contain_text(first.title, timeout=PATIENCE)
    exercise = first.exercises[0]
    progress.record_opened(first.id)
    progress.record_check(exercise.id, exercise.points, exercise.points)
    expect(picture.locator(f"[data-id={exercise.id}]")).to_contain_text("✓ done", timeout=PATIENCE)
    following = picture.locator("[aria-current=step]")
    expect(following).to_contain_text("← next")
    take_both_themes(front, picture, artefacts, "progress-map")
    (output,) = save(page, lab_workspace / first.name / "map.ipynb")
    assert set(output["data"]) == {"text/plain", "text/html"}  # type: ignore[call-overload]  # JSON
    picture.focus()
    tab_to(page, f"Open {second.id} {second.title}")
    if front.name == "lab":
        page.keyboard.press("Enter")
        opened = page
    else:
        with page.context.expect_page() as new:
            page.keyboard.press("Enter")
        opened = new.value
    expect(opened.locator(".jp-Notebook:visible h1").first).to_contain_text(second.id, timeout=PATIENCE)
    assert f"{second.name}/{second.notebook.name}" in opened.url
