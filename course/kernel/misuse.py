"""Wrong turns that Python itself refuses: docker-py's objects used as what they are not, each in words of its own.

A beginner writes `client.run(…)`, `container.status()` or `client.containers.stop("web")`. Which name belongs where is
read from docker-py, so that no list of mistakes has to be kept.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from traceback import walk_tb
from typing import Any

from course.errors import CourseError
from course.kernel.docker_py_names import MODELS, SAME, kinds, names_of, path_of, values_and_methods
from course.kernel.scene import Scene, Told
from course.kernel.wrong_arguments import refused_by_docker_py, wrong_arguments

_NO_ATTRIBUTE = re.compile(r"(?:'(\w+)' object|module '([\w.]+)'|type object '(\w+)') has no attribute '(\w+)'")
_NOT_SO = re.compile(r"'(\w+)' object is not (callable|subscriptable|iterable)")
_INSTRUCTION = re.compile(r"\s*(FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|ENV|EXPOSE|LABEL|WORKDIR|USER|ARG|VOLUME)\s+\S")
_NEAR = 0.7

_OTHERWISE = {
    "bytes": (
        "bytes: run() without detach=True waits for the end and gives the output, not the container",
        "add detach=True to that run(), and run its cell again",
    ),
    "list": (
        "a list: .list() gives several of them",
        "take one of them, as in client.{many}.list()[0].{name}, or go through them with for",
    ),
    "tuple": (
        "two things in one: images.build() gives the image and the log of the build",
        "give both a name: image, log = client.images.build(…); then image.{name}",
    ),
    "str": ("a text, which is only its name", "get the {one} first, as in client.{many}.get(…).{name}"),
    "NoneType": (
        "None: start(), stop(), remove() and the like give nothing back",
        "keep the {one} in a variable of its own, and call them on that variable",
    ),
}
"""What a value is that was taken for an object of docker-py, by its type, and what to do."""


def no_such_name(scene: Scene) -> Told:
    """A name that an object of docker-py does not have, or one of docker-py's names on something else."""
    found = _NO_ATTRIBUTE.search(str(scene.error)) if isinstance(scene.error, AttributeError) else None
    if not found or "docker" not in sys.modules:
        return None
    held, name = getattr(scene.error, "obj", None), found[4]
    if path := path_of(held):
        return _misplaced(path, held, name)
    if not _is_own(scene):
        return None
    if found[1] in ("method", "function") and (own := getattr(held, "__name__", "")) in values_and_methods()[1]:
        return _without_call(own)
    one = next((kind for kind in MODELS if name in names_of(kinds()[kind])), None)
    if one is None or found[1] not in _OTHERWISE:
        return None
    observed, advice = _OTHERWISE[found[1]]
    return CourseError(
        f"{'an' if one[0] in 'aeiou' else 'a'} {one}, which has .{name}",
        observed,
        advice.format(name=name, one=one, many=f"{one}s"),
    )


def wrong_brackets(scene: Scene) -> Told:
    """Parentheses behind a value or none behind a method, or a collection taken for a list or a dictionary."""
    found = _NOT_SO.search(str(scene.error)) if isinstance(scene.error, TypeError) else None
    if not found or "docker" not in sys.modules:
        return None
    kind, so = found.groups()
    if path := next((path for path, one in kinds().items() if one.__name__ == kind), None):
        many = path.startswith("client.")
        advice = f"write {path}.get(…) for one, {path}.list() for all" if many else f"write {path}.attrs for its facts"
        return CourseError(f"a name of {path}, such as {path}.{'get' if many else 'attrs'}", found[0], advice)
    for name in re.findall(r"\.(\w+)", _line(scene)):
        values, methods = values_and_methods()
        if so == "callable" and name in values and f".{name}(" in _line(scene):
            return CourseError(
                f".{name} without parentheses", f".{name} is a value and no method", f"write .{name}, without ()"
            )
        if kind in ("method", "function") and name in methods and f".{name}(" not in _line(scene):
            return _without_call(name)
    return None


def bytes_for_text(scene: Scene) -> Told:
    """Output of a container, which is bytes, used as text."""
    text = str(scene.error)
    if not isinstance(scene.error, TypeError | AttributeError) or "docker" not in sys.modules or not _is_own(scene):
        return None
    mixed = "bytes" in text and re.search(
        r"concat|bytes-like object is required, not 'str'|must be bytes|, not str", text
    )
    if not mixed and not re.search(r"'bytes' object has no attribute '(encode|format|casefold)'|not \"bytes\"", text):
        return None
    return CourseError(
        "text with text, or bytes with bytes",
        f"{text}: docker-py gives output as bytes",
        'make text of the output first with .decode(), as in container.logs().decode().split("\\n")',
    )


def empty_list(scene: Scene) -> Told:
    """The first of a list of containers that is empty."""
    line = _line(scene)
    if not isinstance(scene.error, IndexError) or not (found := re.search(r"\w+(?:\.\w+)*\.list\((.*?)\)", line)):
        return None
    ended = "containers" in found[0] and "all" not in found[1]
    return CourseError(
        f"something in the list that {found[0]} gives",
        "fewer than that are in it",
        "list() names only containers that run: list(all=True) has the ended ones too"
        if ended
        else "look at the list first, and run the cell that makes what is missing",
    )


def no_python(scene: Scene) -> Told:
    """A docker command, or an instruction of a Dockerfile, in a cell of Python."""
    if not isinstance(scene.error, SyntaxError):
        return None
    line = (scene.error.text or "").strip()
    if re.match(r"docker\s+[a-z]", line):
        return CourseError("Python", f"a docker command: {line[:80]}", f"write a % before it: %{line[:80]}")
    if _INSTRUCTION.match(line):
        return CourseError(
            "Python",
            f"an instruction of a Dockerfile: {line[:80]}",
            "make `%%dockerfile NAME` the first line of its cell, with nothing before it",
        )
    return None


def _without_call(name: str) -> CourseError:
    return CourseError(
        f"what .{name}() gives", f".{name} without parentheses is the method itself", f"write .{name}(), with ()"
    )


def _misplaced(path: str, held: Any, name: str) -> Told:
    """A name that something of docker-py does not have: what it has instead, or where the name belongs."""
    known = sorted(names_of(type(held)) if path != "docker" else {one for one in dir(held) if one[:1] != "_"})
    near = difflib.get_close_matches(name, known, 1, _NEAR) or [one for one in known if one.startswith(f"{name}_")]
    near = [SAME[name]] if SAME.get(name) in known else near
    homes = [home for home, kind in kinds().items() if name in names_of(kind)]
    if path in (*MODELS, "docker"):  # a container's method is no help to who has an image
        homes = [home for home in homes if home not in MODELS]
    homes.sort(key=lambda home: (f"client.{home}s" != path, home))
    if homes and not (near and (near[0].startswith(name) or name in SAME)):
        first = homes[0]
        how = "client = docker.from_env(), then " if path == "docker" else ""
        there = f"client.{first}s.get(…).{name}" if first in MODELS else f"{first}.{name}"
        return CourseError(f"something that {path} has", f"it has no {name}; {first} has", f"write {how}{there}")
    return CourseError(
        f"something that {path} has",
        f"it has no {name}",
        f"did you mean {path}.{near[0]}?" if near else f"`dir({path})` lists what it has",
    )


def _is_own(scene: Scene) -> bool:
    """Whether the notebook's own line raised it."""
    frames = list(scene.frames())
    return bool(frames) and frames[-1].f_globals is scene.variables


def _line(scene: Scene) -> str:
    """The line of the notebook at which it happened."""
    import linecache

    own = [at for at in walk_tb(scene.error.__traceback__) if at[0].f_globals is scene.variables]
    return linecache.getline(own[-1][0].f_code.co_filename, own[-1][1]) if own else ""


TURNS: tuple[Callable[[Scene], Told], ...] = (
    no_such_name, wrong_brackets, wrong_arguments, bytes_for_text, empty_list, no_python, refused_by_docker_py,
)  # fmt: skip
