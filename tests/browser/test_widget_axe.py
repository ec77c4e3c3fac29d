"""axe-core finds nothing serious in any picture, drawn from a real session, in both themes of JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest
from every_picture import PICTURES, shop_session
from mounted import draw_picture, serious
from playwright.sync_api import Browser, Page

from course import widgets


@pytest.fixture(scope="module")
def inside(engine_url: str) -> Iterator[docker.DockerClient]:
    with shop_session() as client:
        yield client


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1000, "height": 800})
    yield context.new_page()
    context.close()


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
