"""The clean-up cell: remove what the lesson made, and show it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course.lesson.belongings import Belonging


KINDS = ("container", "image", "network", "volume")


def reset(lesson_id: str | None = None) -> None:
    """Remove the containers, images, networks and volumes of a lesson, end its second machines, and print what went.

    The base images, what other lessons made, the notebook, and the points stay. As one of several cells (Run All) it
    removes nothing, and says so: what a learner has made goes only when they ask for that.

    Args:
        lesson_id: the lesson; None is the one that was set up.

    Raises:
        CourseError: there is no session, or the engine refused.
    """
    from course.lesson.current import current
    from course.lesson.together import TOGETHER
    from course.session.machines import end_machines

    if TOGETHER.follows:
        print("○ nothing was removed: reset() waits until this cell is run by itself.")
        print("  Then it removes the containers, images, networks and volumes of this lesson; your notebook stays.")
        return
    for line in described(remove_objects(current(lesson_id).id)):
        print(line)
    for name in end_machines():
        print(f"✓ ended the machine {name}")


def remove_objects(lesson_id: str, workspace: Path | None = None) -> list[Belonging]:
    """Remove what a lesson made in a session, and return it.

    Args:
        lesson_id: the lesson's id.
        workspace: whose session; None is the session of this process.

    Raises:
        CourseError: there is no session, or the engine refused.
    """
    from course.lesson import belongings
    from course.session.attach import ATTACHMENT, given_session
    from course.session.client import client

    if workspace is None or given_session():
        session = ATTACHMENT.require()
        with client(session.url) as engine:
            return belongings.clear(engine, session.id, lesson_id)
    from course.gateway import attach

    with attach(workspace) as lease, client(lease.session.url) as engine:
        return belongings.clear(engine, lease.session.id, lesson_id)


def described(gone: Sequence[Belonging]) -> list[str]:
    """What was removed, a line for each kind."""
    if not gone:
        return ["✓ nothing to remove"]
    ordered = sorted(gone, key=lambda one: KINDS.index(one.kind))
    return [
        f"✓ removed {len(names)} {kind}{'' if len(names) == 1 else 's'}: {', '.join(names)}"
        for kind, names in (
            (kind, [one.name for one in group]) for kind, group in groupby(ordered, lambda one: one.kind)
        )
    ]
