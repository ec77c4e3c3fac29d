"""Where an error happened, for the turns that explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from traceback import walk_tb
from types import FrameType
from typing import Any

from course.errors import CourseError


@dataclass(frozen=True)
class Scene:
    """Where it happened: the error, the notebook's variables, and its notebook's code cells."""

    error: BaseException
    variables: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What the engine or docker-py says."""
        return str(getattr(self.error, "explanation", None) or self.error)

    def frames(self) -> Iterator[FrameType]:
        """From the notebook's own to the one that raised."""
        return (frame for frame, _ in walk_tb(self.error.__traceback__))

    def engine(self) -> Any:
        """The `APIClient` that was asked, None if none was."""
        found = None
        for frame in self.frames():
            it = frame.f_locals.get("self")
            if hasattr(it, "_custom_adapter") and hasattr(it, "inspect_image"):
                found = it
        return found

    def names(self, question: Callable[[Any], Iterable[str]]) -> list[str]:
        """Names that the engine has; none where it does not answer."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        api = self.engine()
        try:
            return list(question(api)) if api is not None else []
        except (DockerException, RequestException, KeyError, TypeError):
            return []


Told = CourseError | None
