"""axe-core finds nothing serious in any picture, drawn from a real session, in both themes of JupyterLab."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import docker
import pytest
from mounted import draw_picture, serious
from playwright.sync_api import Browser, Page

from course import manifest, widgets
from course.gateway import session
from course.lesson.questions import keep
from course.widgets.question_picture import Comparison, Prediction

PAGE = (
    "FROM course/busybox\nEXPOSE 8080\nRUN mkdir /www && echo hello > /www/index.html\nCMD httpd -f -p 8080 -h /www\n"
)


@pytest.fixture(scope="module")
def inside(engine_url: str) -> Iterator[docker.DockerClient]:
    """A session with an image and a container, and a second machine, in which this process is as a kernel is."""
    with session(name="axe") as here, session(name="axe-colleague") as there, pytest.MonkeyPatch.context() as patch:
        for name, value in {**here.environment(), "SLIPWAY_MACHINE_COLLEAGUE": there.url}.items():
            patch.setenv(name, value)
        with closing(docker.DockerClient(here.url, timeout=60)) as client:
            client.images.build(fileobj=io.BytesIO(PAGE.encode()), tag="page:1", rm=True)
            web = client.containers.run("page:1", name="web", detach=True)
            web.exec_run(["touch", "/new"])
            yield client


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1000, "height": 800})
    yield context.new_page()
    context.close()


def question() -> Any:
    return manifest.load().lessons[1].questions[0]


PICTURES: dict[str, Callable[[], Any]] = {
    "engine_map": widgets.engine_map,
    "fleet": lambda: widgets.fleet("page:1", 2),
    "layers": lambda: widgets.layers("page:1", "web", "course/python"),
    "lifecycle": lambda: widgets.lifecycle("web"),
    "progress_map": widgets.progress_map,
    "two_machines": widgets.two_machines,
    "predict": lambda: Prediction(question(), None, keep),
    "explain": lambda: Comparison(question(), "A"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_axe_finds_nothing_serious(inside: docker.DockerClient, blank: Page, name: str) -> None:
    picture = PICTURES[name]()
    try:
        mounted = draw_picture(blank, picture)
        assert mounted.root.inner_text()
        for dark in (False, True):
            mounted.theme(dark)
            assert serious(blank) == []
    finally:
        picture.close()


def test_every_name_that_a_learner_imports_is_among_them() -> None:
    assert set(widgets.__all__) - {"follow"} <= set(PICTURES), "a new picture is looked at by axe too"
