"""The vocabulary as a table, for README.md: `python -m grader.checks.vocabulary` writes it there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from grader.checks.messages import message_ids
from grader.checks.subjects.container import Container
from grader.checks.subjects.containers import Containers
from grader.checks.subjects.dockerfile import Dockerfile
from grader.checks.subjects.elsewhere import Network, Registry, Volume
from grader.checks.subjects.image import Image
from grader.checks.subjects.journal import Journal
from grader.checks.subjects.submission import Value

SUBJECTS: dict[str, type] = {
    "image": Image,
    "container": Container,
    "containers": Containers,
    "dockerfile": Dockerfile,
    "network": Network,
    "volume": Volume,
    "registry": Registry,
    "submission": Value,
    "journal": Journal,
}
_ID = re.compile(r"^[a-z]+\.[a-z_]+$")
_BEGIN, _END = "<!-- vocabulary -->\n", "<!-- end of vocabulary -->"


def table() -> str:
    """One row for each method of each subject: how it is called, what it asks, which messages it may answer with."""
    lines = ["| check | asks | messages of its own |", "|---|---|---|"]
    for subject, kind in SUBJECTS.items():
        for name, method in _methods(kind):
            says = ", ".join(f"`{each}`" for each in messages_of(kind, name)) or "–"
            asks = (inspect.getdoc(method) or "").splitlines()[0].replace("|", "\\|")
            lines.append(f"| `{subject}.{name}({_arguments(method)})` | {asks} | {says} |")
    return "\n".join(lines) + "\n"


def messages_of(kind: type, method: str) -> list[str]:
    """The message ids in the code of the question behind a method, and of what that calls in its own module."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind)))  # type: ignore[arg-type]  # a module of this package
    body = next(n for c in tree.body if isinstance(c, ast.ClassDef) and c.name == kind.__name__ for n in c.body
                if isinstance(n, ast.FunctionDef) and n.name == method)  # fmt: skip
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "partial":
            target = node.args[0]
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                return sorted(_ids(f"grader.checks.questions.{target.value.id}", target.attr))
    return []


def _ids(module: str, function: str) -> set[str]:
    tree = ast.parse(inspect.getsource(import_module(module)))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: set[str] = set()
    waiting, seen = [function], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.match(node.value):
                found.add(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                waiting.append(node.func.id)
    return found & message_ids()


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, member in vars(kind).items():
        if inspect.isfunction(member) and not name.startswith("_") and member.__annotations__.get("return") == "Check":
            yield name, member


def _arguments(method: Callable[..., Any]) -> str:
    parts = []
    for each in list(inspect.signature(method).parameters.values())[1:]:
        name = f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
        parts.append(name if each.default is each.empty else f"{name}={each.default!r}")
    return ", ".join(parts)


def write(readme: Path) -> None:
    """Put the table between the two marks of a README."""
    text = readme.read_text("utf-8")
    head, rest = text.split(_BEGIN)
    readme.write_text(head + _BEGIN + table() + _END + rest.split(_END)[1], "utf-8")


if __name__ == "__main__":
    write(Path(__file__).with_name("README.md"))
