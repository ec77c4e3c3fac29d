"""Arguments that docker-py does not take: too few, too many, or in a form that it can't use."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from course.errors import CourseError
from course.kernel.docker_py_names import MODELS, kinds, path_of
from course.kernel.scene import Scene, Told

_ARGUMENTS = re.compile(r"(?:(\w+)\.)?(\w+)\(\) (missing|takes) (.*)")


def wrong_arguments(scene: Scene) -> Told:
    """Too few arguments for a method of docker-py, or too many in a row."""
    found = _ARGUMENTS.search(str(scene.error)) if isinstance(scene.error, TypeError) else None
    if not found or "docker" not in sys.modules:
        return None
    owner, name, how, rest = found.groups()
    path = next((path for path, kind in kinds().items() if kind.__name__ == owner and hasattr(kind, name)), None)
    if path is None:
        return None
    if how == "missing":
        wanted = " and ".join(re.findall(r"'(\w+)'", rest)) or "more arguments"
        return CourseError(
            f"{path}.{name}() is given {wanted}",
            f"it was called without {wanted}",
            f"write it between the parentheses; `help({path}.{name})` describes it",
        )
    return CourseError(
        f"arguments that {path}.{name}() takes",
        f"it takes {rest}",
        "give a command with its arguments as one list, and everything else by its name, such as name=…; "
        f"`help({path}.{name})` lists the names",
    )


def refused_by_docker_py(scene: Scene) -> Told:
    """What docker-py raises over an argument before it asks the engine anything."""
    from docker.errors import DockerException

    refusals = TypeError | ValueError | AttributeError | LookupError | DockerException
    if not isinstance(scene.error, refusals) or _came_back(scene) or (called := _called(scene)) is None:
        return None
    path, given = called
    forms = (f"write {name}={form}" for name, (fits, form) in _FORMS.items() if name in given and not fits(given[name]))
    return CourseError(
        f"arguments that {path}() can use",
        str(scene.error).strip().rstrip(".") or type(scene.error).__name__,
        _object_for_a_name(given) or next(forms, f"compare the call with its description: `help({path})`"),
    )


def _came_back(scene: Scene) -> bool:
    """Whether the engine was asked, and this is its answer or the lack of one."""
    from docker.errors import APIError, BuildError, ContainerError, DockerException, ImageLoadError
    from requests.exceptions import RequestException

    said = (APIError, BuildError, ContainerError, ImageLoadError, RequestException)
    behind = scene.error.__cause__ or scene.error.__context__
    return isinstance(scene.error, said) or (isinstance(scene.error, DockerException) and isinstance(behind, said))


def _is_tag(given: Any) -> bool:
    from docker.utils import match_tag

    return given is None or match_tag(str(given))


def _is_named(given: Any) -> bool:
    return isinstance(given, Mapping)


def _is_mounted(given: Any) -> bool:
    return isinstance(given, list) or (_is_named(given) and all(_is_named(one) for one in given.values()))


_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "ports": (_is_named, '{"80/tcp": 8080}: the port in the container, then the one on this machine'),
    "volumes": (
        _is_mounted,
        '{"data": {"bind": "/data", "mode": "rw"}}: the volume, then where it is in the container',
    ),
    "environment": (lambda given: isinstance(given, Mapping | list), '{"NAME": "value"}'),
    "restart_policy": (_is_named, '{"Name": "on-failure", "MaximumRetryCount": 3}'),
    "labels": (lambda given: isinstance(given, Mapping | list), '{"name": "value"}'),
    "fileobj": (lambda given: hasattr(given, "read"), 'io.BytesIO(b"FROM course/busybox"), a file and no text'),
    "path": (lambda given: Path(str(given)).is_dir(), '"." or another folder that is there, with the Dockerfile in it'),
    "tag": (_is_tag, '"shop:1": lowercase letters, digits, and single . _ - between them'),
    "mem_limit": (
        lambda given: bool(re.fullmatch(r"\d+[bkmg]?", str(given).lower())),
        '"64m", a number and b, k, m or g',
    ),
}
"""How arguments of docker-py look that beginners give another form: whether a value fits, and an example."""


def _called(scene: Scene) -> tuple[str, Mapping[str, Any]] | None:
    """What of docker-py the notebook called, as a learner writes it, and the arguments; None for nothing."""
    own = False
    for frame in scene.frames():
        if own and str(frame.f_globals.get("__name__", "")).startswith("docker."):
            path = path_of(frame.f_locals.get("self"))
            given = {**frame.f_locals, **frame.f_locals.get("kwargs", {})}
            return (f"{path}.{frame.f_code.co_name}", given) if path else None
        own = frame.f_globals is scene.variables
    return None


def _object_for_a_name(given: Mapping[str, Any]) -> str:
    """What to do about a container or an image that stands where its name is asked for; "" where none does."""
    for name, value in given.items():
        several = value if isinstance(value, tuple | list) else (value,)
        kind = next((path_of(one) for one in several if path_of(one) in MODELS), "")
        if not kind or name == "self":
            continue
        if isinstance(value, tuple):
            return "images.build() gives two things: write image, log = client.images.build(…), and give image"
        if isinstance(value, list):
            return f"that is a list: take one {kind} of it, such as the first, [0]"
        return f"you have the {kind} already: use its variable itself, or give its .id where a name is wanted"
    return ""
