"""One picture of each kind, drawn from a real session in which there is something to see."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import docker
import pytest

from course import manifest, widgets
from course.gateway import session
from course.lesson.questions import keep
from course.widgets.question_picture import Comparison, Prediction

PAGE = (
    "FROM course/busybox\nEXPOSE 8080\nRUN mkdir /www && echo hello > /www/index.html\nCMD httpd -f -p 8080 -h /www\n"
)


@contextmanager
def shop_session() -> Iterator[docker.DockerClient]:
    """A session with an image and a container, and a second machine, in which this process is as a kernel is.

    What is started meanwhile is in that session too, so start no server that shall outlive it.
    """
    with (
        session(name="pictures") as here,
        session(name="pictures-colleague") as there,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**here.environment(), "SLIPWAY_MACHINE_COLLEAGUE": there.url}.items():
            patch.setenv(name, value)
        with closing(docker.DockerClient(here.url, timeout=60)) as client:
            client.images.build(fileobj=io.BytesIO(PAGE.encode()), tag="page:1", rm=True)
            web = client.containers.run("page:1", name="web", detach=True)
            web.exec_run(["touch", "/new"])
            yield client


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
