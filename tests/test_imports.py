"""Which package may import which: one order, no circles, and no name twice in one package.

Imports count wherever they stand: at the top, in a function, or for types only.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ORDER = (
    *(
        "course.errors",
        "course.lazily",
        "course.paths",
        "course.manifest",
        "course.notebooks",
        "course.release",
        "course.workspace",
    ),
    *("course.progress", "course.standing", "course.dockerfile", "course.session_python", "course.docker_plugins"),
    *("course.engine", "course.images", "course.doctor", "course.gateway", "course.session"),
    *("course.widgets", "course.lesson", "course.lab", "course.kernel"),
    *("grader.checks", "grader.looking", "grader.authoring", "grader.examine", "grader.classroom"),
)
"""Each package, and each module beside the packages, imports only what comes before it."""

COMMANDS = (
    *("course.cli", "course.lesson_command"),
    *("course.engine.command", "course.gateway.command", "course.images.command"),
    *("grader.cli", "grader.authoring.command", "grader.examine.command"),
)
"""The command line is above everything: nothing but a `cli` imports these, and they may import anything."""

OPEN: frozenset[str] = frozenset()
"""The modules that are still in a circle. Never add one."""

TWICE = {
    "course.gateway": {"networks", "wire"},
}
"""Names that two modules of a package still share. Never add one."""


@cache
def modules() -> Mapping[str, Path]:
    """Every module's file by its dotted name."""
    found = {}
    for top in ("course", "grader"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """Which modules each module imports, of our own; a name from a package is that of its module, if it has one."""
    return {name: frozenset(_imported(name, path)) - {name} for name, path in modules().items()}


def _imported(name: str, path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from filter(None, map(_module, (alias.name for alias in node.names)))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute"
            yield from filter(None, (_module(f"{node.module}.{alias.name}") for alias in node.names))


def _module(name: str) -> str:
    """The module that a dotted name is in, "" where that is none of ours."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name


def unit(module: str) -> str:
    """The package right below `course` or `grader`, or the module beside the packages."""
    return ".".join(module.split(".")[:2])


def in_a_circle(graph: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes of a graph from which a way leads back to themselves."""
    return {node for node in graph if node in _reached(graph, graph[node])}


def _reached(graph: Mapping[str, Iterable[str]], first: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(first)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph.get(node, ())
    return seen


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}}, set()),
        ({"a": {"b"}, "b": {"a"}}, {"a", "b"}),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}, {"b", "c", "d"}),
    ],
)
def test_circles_are_found(graph: Mapping[str, set[str]], found: set[str]) -> None:
    assert in_a_circle(graph) == found


def test_course_never_imports_grader() -> None:
    assert not {name for name, seen in imports().items() if name < "grader" for one in seen if one >= "grader"}


def test_packages_import_in_one_order() -> None:
    places = {name: place for place, name in enumerate(ORDER)}
    tops = {"course", "grader", *COMMANDS}
    assert {unit(name) for name in modules()} - tops == set(ORDER), "ORDER has every package once"
    against = [
        f"{name} imports {one}"
        for name, seen in imports().items()
        for one in seen
        if {name, one}.isdisjoint(tops) and places[unit(one)] > places[unit(name)]
    ]
    assert not against


def test_only_the_command_line_imports_commands() -> None:
    assert not [
        f"{name} imports {one}"
        for name, seen in imports().items()
        for one in seen & set(COMMANDS)
        if name not in ("course.cli", "grader.cli")
    ]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert in_a_circle(imports()) == OPEN


def test_no_two_modules_of_a_package_have_one_name() -> None:
    names: dict[str, Counter[str]] = {}
    for name in modules():
        if name.count(".") > 1:
            names.setdefault(unit(name), Counter())[name.rpartition(".")[2]] += 1
    assert {
        package: twice
        for package, counted in names.items()
        if (twice := {one for one, times in counted.items() if times > 1})
    } == TWICE
