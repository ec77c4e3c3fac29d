"""Faults in docker-py code: a statement dropped or swapped, an option left out, a wrong port, another image."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from grader.authoring.mutate.dockerfile_faults import OTHER_BASE, Fault, dockerfile_faults, is_dockerfile

PORTS = range(1024, 65536)
_PORT_TEXT = re.compile(r"(\d{4,5})(/(?:tcp|udp))?")

OTHER_CALL = {"run": "create", "create": "run", "stop": "kill", "remove": "stop"}
"""For a method of docker-py another one that learners take for it."""

Edit = tuple[str, Callable[[ast.AST], None]]
"""What is done, in words, and how it is done to a copy of the node."""


def python_faults(source: str) -> Iterator[Fault]:
    """Every faulty variant of a piece of Python that differs from it in one place.

    Raises:
        SyntaxError: the source is not Python.
    """
    tree = ast.parse(source)
    for position, node in enumerate(ast.walk(tree)):
        for words, edit in _edits(node):
            changed = copy.deepcopy(tree)
            edit(list(ast.walk(changed))[position])
            yield words, ast.unparse(ast.fix_missing_locations(changed))


def _edits(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call):
        yield from _call(node)
    if isinstance(node, ast.Constant):
        yield from _constants(node.value)
    if isinstance(node, ast.Assign) and not isinstance(node.value, (ast.Constant, ast.List, ast.Dict)):
        yield f"{_short(node.targets[0])} = 0, hard-coded", _hard_coded
    body = getattr(node, "body", None)
    if isinstance(body, list):
        yield from _statements(body)


def _call(node: ast.Call) -> Iterator[Edit]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    for index, keyword in enumerate(node.keywords):
        yield f"without {_short(keyword)}", _without_keyword(index)
    for index, argument in enumerate(node.args):
        if index and name in OTHER_CALL:
            yield f"without the argument {_short(argument)}", _without_argument(index)
    if other := OTHER_CALL.get(name):
        yield f"{other} for {_short(node)}", _calls(other)


def _constants(value: object) -> Iterator[Edit]:
    if isinstance(value, int) and not isinstance(value, bool) and value in PORTS:
        yield f"{value + 1} for {value}", _becomes(value + 1)
    if not isinstance(value, str):
        return
    if match := _PORT_TEXT.fullmatch(value):
        other = f"{int(match[1]) + 1}{match[2] or ''}"
        yield f"{other} for {value}", _becomes(other)
    if image := OTHER_BASE.get(value.partition(":")[0]):
        yield f"{image} for {value}", _becomes(image)
    if is_dockerfile(value):
        for words, text in dockerfile_faults(value):
            yield words, _becomes(text)


def _statements(body: list[ast.stmt]) -> Iterator[Edit]:
    for index, statement in enumerate(body):
        if not _says_nothing(statement):
            yield f"without {_short(statement)}", _without_statement(index)
    for index, (first, second) in enumerate(pairwise(body)):
        if _shared(first, second) and not _names(second, ast.Load) & _names(first, ast.Store):
            yield f"{_short(second)} before {_short(first)}", _swap(index)


def _says_nothing(statement: ast.stmt) -> bool:
    """Whether its loss shows nothing: an import gives a NameError, and a print is only for the reader."""
    prints = isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("print(")
    return prints or isinstance(statement, (ast.Import, ast.ImportFrom))


def _shared(first: ast.stmt, second: ast.stmt) -> set[str]:
    """The objects that both work on; without one, their order means nothing."""
    if _says_nothing(first) or _says_nothing(second):
        return set()
    return _names(first, ast.Load) & _names(second, ast.Load) - {"client", "docker"}


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def _without_keyword(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.keywords[index]

    return edit


def _without_argument(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.args[index]

    return edit


def _calls(other: str) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        node.func.attr = other

    return edit


def _without_statement(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        body: list[ast.stmt] = node.body  # type: ignore[attr-defined]  # every node with statements has a body
        body[index] = ast.Pass()

    return edit


def _swap(index: int) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        body: list[ast.stmt] = node.body  # type: ignore[attr-defined]  # every node with statements has a body
        body[index], body[index + 1] = body[index + 1], body[index]

    return edit


def _becomes(value: int | str) -> Callable[[ast.AST], None]:
    def edit(node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        node.value = value

    return edit


def _hard_coded(node: ast.AST) -> None:
    assert isinstance(node, ast.Assign)
    node.value = ast.Constant(0)


def _short(node: ast.AST) -> str:
    words = " ".join(ast.unparse(node).split())
    return words if len(words) <= 60 else f"{words[:59]}…"
