"""The set-up cell: one line that says what is there, and whatever an earlier lesson would have left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

    from course.manifest import Lesson

BASE_IMAGES = ("course/busybox", "course/node", "course/python", "course/registry")


def setup(lesson_id: str) -> None:
    """Make this notebook ready for a lesson, and print one line: engine, session, base images.

    Images that an earlier lesson would have left (`prepares` in lesson.toml) are built if they are missing. A file of
    the folder that has the name of a package is named in a further line.

    Args:
        lesson_id: such as `L01`, or the folder's name, such as `L01-containers`.

    Raises:
        CourseError: there is no session, or an image could not be prepared; three lines say what to do.
    """
    from course import progress
    from course.lesson import belongings
    from course.lesson.current import choose, current
    from course.lesson.shadows import shadows
    from course.session.attach import ATTACHMENT
    from course.session.client import client

    lesson = current(lesson_id)
    choose(lesson.id)
    session = ATTACHMENT.require()
    with client(session.url) as engine:
        belongings.lesson_begins(engine, session.id, lesson.id)
        prepared = _prepare(engine, lesson)
        print(_line(engine, session.id, prepared))
    for shadow in shadows(Path.cwd()):
        print(f"✗ {shadow}")
    progress.record_opened(lesson.id)


def _line(client: DockerClient, sid: str, prepared: list[str]) -> str:
    version = client.version()
    there = {tag.rpartition(":")[0] for image in client.images.list() for tag in image.tags}
    missing = [name for name in BASE_IMAGES if name not in there]
    bases = ", ".join(name.removeprefix("course/") for name in BASE_IMAGES if name in there)
    parts = [
        f"engine {version['Version']} (API {version['ApiVersion']})",
        f"session {sid}",
        f"base images {bases or 'none'}",
    ]
    parts += [f"prepared {', '.join(prepared)}"] if prepared else []
    parts += [f"✗ missing {', '.join(missing)}: run `course images pull` in a terminal"] if missing else []
    return f"{'✓' if not missing else '…'} {' · '.join(parts)}"


def _prepare(client: DockerClient, lesson: Lesson) -> list[str]:
    """Build the images that are declared and missing; return their names."""
    from docker.errors import ImageNotFound

    from course.engine.build import build

    built = []
    for wanted in lesson.prepares:
        try:
            client.images.get(wanted.image)
        except ImageNotFound:
            for _ in build(lesson.folder / wanted.context, [wanted.image], client=client):
                pass
            built.append(wanted.image)
    return built
