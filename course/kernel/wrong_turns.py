"""Mistakes that learners often make, each with its own message: expected, observed, try next.

A turn is a function of the error and of what the kernel knows. The first that gives an answer is taken; an error of
docker-py that none knows is told by `course.engine.errors`.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from course.errors import CourseError
from course.kernel import misuse
from course.kernel.failed_programs import command_failed, no_program
from course.kernel.scene import Scene, Told

_SET_UP = ("client", "docker", "explain", "parameter", "predict", "reset", "setup", "machine", "visit")
"""Names that the set-up cell of a lesson gives."""
_NO_IMAGE = re.compile(
    r"(?:No such image|pull access denied for|manifest for|repository):? ?"
    r"([^\s,:]+(?::\d+/[^\s,:]+)?(?::[\w-]+(?:\.[\w-]+)*)?)"
)
_NO_CONTAINER = re.compile(r"No such container: (\S+)")
_IN_USE = re.compile(r'container name "/?([^"]+)" is already in use')
_UNEXPECTED = re.compile(r"(?:\w+\.)?(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def told(error: BaseException, shell: Any) -> list[str] | None:
    """The three lines for an error that a cell ended with; None where IPython's own traceback says it better."""
    try:
        answer = explain(Scene(error, shell.user_ns))
    except Exception:  # an explanation must never take the place of the error itself
        return None
    return str(answer).splitlines() if answer else None


def explain(scene: Scene) -> Told:
    """What the first turn that knows this error says."""
    for turn in _TURNS:
        if answer := turn(scene):
            return answer
    return None


def _name_error(scene: Scene) -> Told:
    """A name that no cell of this kernel has given: after a restart, most often."""
    if not isinstance(scene.error, NameError) or not (name := getattr(scene.error, "name", None)):
        return None
    observed = f"no cell that ran since the kernel started gives {name}"
    if name in _SET_UP:
        return CourseError(
            f"the set-up cell has run in this kernel, and gives {name}",
            observed,
            "run the set-up cell, the first one of the lesson, then this cell again",
        )
    if giver := _giver(name):
        return CourseError(
            f"{name}, which a cell above gives",
            observed,
            f"run that cell first (it has the line `{giver}`), then this cell again",
        )
    known = [one for one in (*scene.variables, *dir(builtins)) if not one.startswith("_")]
    if near := difflib.get_close_matches(name, known, 1, 0.75):
        return CourseError("a name that was given before", f"{name} was not", f"did you mean {near[0]}?")
    return None


def _unexpected_keyword(scene: Scene) -> Told:
    """A misspelt argument of docker-py, such as names= for name=."""
    found = _UNEXPECTED.search(str(scene.error)) if isinstance(scene.error, TypeError) else None
    if not found or not (known := _keywords(found[1])):
        return None
    function, word = found.groups()
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return CourseError(
        f"arguments that {function}() knows",
        f"it has no argument {word}",
        f"did you mean {near[0]}=?" if near else f"`help(client.containers.{function})` lists the arguments",
    )


def _no_image(scene: Scene) -> Told:
    """An image that is not there: a near miss, or an archive that brought no name."""
    from docker.errors import APIError, BuildError

    if not isinstance(scene.error, APIError) or isinstance(scene.error, BuildError):
        return None
    name = _wanted_image(scene)
    if not name:
        return None
    there = scene.names(lambda api: (tag for one in api.images() for tag in one.get("RepoTags") or ()))
    expected, observed = f"an image {name} in this session", f"it has no image {name}"
    if " " in name:
        image, _, command = name.partition(" ")
        return CourseError(expected, observed, f'give the command after the name: run("{image}", "{command}")')
    if near := near_image(name, there):
        return CourseError(expected, observed, f"did you mean {near}?")
    if scene.names(lambda api: ("nameless" for one in api.images() if not _named(one))):
        return CourseError(
            expected,
            f"{observed}, but it has one without a name: an archive that is saved without named= brings none",
            f'save it with its name: image.save(named="{name}"), and load it again; or give it a name with tag()',
        )
    return CourseError(
        expected,
        f"{observed}; it has {', '.join(sorted(_short(tag) for tag in there)) or 'none'}",
        "correct the name, or run the cell that builds or loads the image",
    )


def _no_container(scene: Scene) -> Told:
    """A container that is not there: the name of a variable, a near miss, or one that was removed."""
    from docker.errors import NotFound

    found = _NO_CONTAINER.search(scene.text) if isinstance(scene.error, NotFound) else None
    if not found:
        return None
    ref = found[1]
    held = scene.variables.get(ref)
    if (own := getattr(held, "name", None)) and hasattr(held, "exec_run"):
        return CourseError(
            f"a container with the name {ref}",
            f"{ref} is the name of a Python variable; its container is called {own}",
            f'use the variable itself, as in {ref}.logs(), or give the container that name: run(…, name="{ref}")',
        )
    if re.fullmatch(r"[0-9a-f]{12,64}", ref):
        return CourseError(
            "a container that is still there",
            f"the container {ref[:12]} was removed; a Python variable still stands for it",
            "run the cell again that makes the container",
        )
    there = scene.names(lambda api: (name.lstrip("/") for one in api.containers(all=True) for name in one["Names"]))
    near = difflib.get_close_matches(ref, there, 1, 0.6)
    return CourseError(
        f"a container with the name {ref}",
        f"there is none; the containers are {', '.join(sorted(there)[:8])}" if there else "there is no container yet",
        f"did you mean {near[0]}?" if near else f'run the cell that makes it; does it say name="{ref}"?',
    )


def _name_in_use(scene: Scene) -> Told:
    """A name that another cell has given to a container."""
    from docker.errors import APIError

    found = _IN_USE.search(scene.text) if isinstance(scene.error, APIError) else None
    if not found:
        return None
    plain = f'client.containers.get("{found[1]}").remove(force=True)'
    line = f"%docker rm -f {found[1]}" if shutil.which("docker") else plain
    return CourseError(
        f"a name that no other container has for the new container {found[1]}",
        f"a container {found[1]} is there already, {_made_by(scene, found[1])}",
        f"choose another name; or, if that container is not needed, remove it once in a cell of its own: {line}",
    )


def _made_by(scene: Scene, container: str) -> str:
    """Who made a container that is in the way, as far as that is known."""
    from course.lesson import belongings
    from course.session.attach import given_session

    session, ids = given_session(), scene.names(lambda api: [api.inspect_container(container)["Id"]])
    lesson = belongings.owners(session.id).of(belongings.key_of("container", ids[0])) if session and ids else ""
    return f"made in {lesson} and not by this cell" if lesson else "and this cell did not make it"


def _waited_in_vain(scene: Scene) -> Told:
    """docker-py gives up an answer that has not come for a minute."""
    from requests.exceptions import ConnectionError, ReadTimeout

    if not isinstance(scene.error, ReadTimeout | ConnectionError) or "Read timed out" not in str(scene.error):
        return None
    return CourseError(
        "an answer of the engine",
        "none came in the time that docker-py waits; a container that was started runs on",
        "start a container that is to go on with detach=True: then run() does not wait for its end",
    )


def _build(scene: Scene) -> Told:
    """A build that stopped at an instruction."""
    from docker.errors import BuildError

    if not isinstance(scene.error, BuildError):
        return None
    from course.engine.advice import next_step
    from course.engine.errors import build_failed

    it = build_failed(scene.error.build_log, str(scene.error.msg))
    advice = next_step(str(scene.error.msg), "the folder that path= names")
    if it.instruction.upper().startswith("FROM ") and (near := near_image(it.instruction.split()[1], _BASES)):
        advice = f"did you mean FROM {near}?"
    return type(it)(it.instruction, it.line, it.last_output, it.observed, it.expected, advice)


def _of_docker(scene: Scene) -> Told:
    """Any other error of docker-py, or of the connection to the engine."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    if isinstance(scene.error, DockerException | RequestException):
        from course.engine.errors import translate

        return translate(scene.error)
    return None


_TURNS: tuple[Callable[[Scene], Told], ...] = (
    _name_error, _unexpected_keyword, _build, command_failed, _no_image, _no_container, _name_in_use, no_program,
    _waited_in_vain, *misuse.TURNS, _of_docker,
)  # fmt: skip

_BASES = ("course/busybox:latest", "course/python:latest", "course/node:latest", "course/registry:latest")


def near_image(name: str, there: Iterable[str]) -> str | None:
    """The image that was probably meant: the course's own of that name, or one that is spelt almost the same."""
    repository, _, tag = name.partition(":")
    tags = sorted({*there, *_BASES})
    last = repository.rpartition("/")[2]
    alike = {"nodejs": "node", "python3": "python", "alpine": "busybox", "debian": "busybox", "ubuntu": "busybox"}
    for base in _BASES:
        if base == f"course/{alike.get(last, last)}:latest" and repository != _short(base):
            return _short(base)
    if other := [one for one in tags if one.partition(":")[0] == repository and one.partition(":")[2] != tag]:
        return _short(other[-1])
    near = difflib.get_close_matches(repository, [_short(one).partition(":")[0] for one in tags], 1, 0.75)
    return next((_short(one) for one in tags if near and one.partition(":")[0] == near[0]), None)


def _wanted_image(scene: Scene) -> str:
    """The image that the engine was asked for and does not have, "" if it was asked for something else."""
    response: Any = getattr(scene.error, "response", None)
    query = parse_qs(urlsplit(str(getattr(response, "url", ""))).query)
    if source := query.get("fromImage"):
        tag = query.get("tag", ["latest"])[0]
        return _short(f"{source[0]}:{tag}")
    found = _NO_IMAGE.search(scene.text)
    return _short(found[1]) if found else ""


def _short(tag: str) -> str:
    return tag.removesuffix(":latest")


def _named(image: Mapping[str, Any]) -> bool:
    return any(tag != "<none>:<none>" for tag in image.get("RepoTags") or ())


def _keywords(function: str) -> list[str]:
    """The arguments that docker-py's function of that name takes; none where it has no such function."""
    import inspect

    import docker
    from docker.models import containers, images, networks, volumes

    own = [
        value
        for module in (containers, images, networks, volumes)
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and callable(value := vars(kind).get(function))
    ]
    own += [value] if callable(value := getattr(docker.APIClient, function, None)) else []
    if not own:
        return []
    words = {word for one in own for word in inspect.signature(one).parameters}
    if function in ("run", "create"):
        words |= {*containers.RUN_CREATE_KWARGS, *containers.RUN_HOST_CONFIG_KWARGS, "name", "network", "volumes",
                  "ports", "detach", "remove", "command", "image"}  # fmt: skip
    return sorted(words - {"self", "kwargs", "args"})


def _giver(name: str) -> str:
    """The line of a cell of this folder's notebooks that gives a name, "" if none does."""
    from course.lesson.lesson_cell import code_cells

    for source in code_cells(Path.cwd()):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):  # a magic
            continue
        for node in tree.body:
            if any(
                isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store)
                for one in ast.walk(node)
            ):
                return source.splitlines()[node.lineno - 1].strip()[:80]
    return ""
