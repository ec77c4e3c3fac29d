"""Rules for what a lesson relies on: only programs that every base image has, and no endless loops.

`course/images/README.md`, The contract, says what each base has; an official image has other programs.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress

from course.images.recipe import bases
from course.manifest import Lesson
from course.notebooks import Cell, LessonNotebook
from grader.authoring.finding import Finding

_SHELLS = ("sh", "ash", "/bin/sh")
_IN_THE_SHELL = frozenset(
    re.findall(
        r"\S+",
        "! . : break case cd continue do done elif else esac eval exec exit export fi for if in local read return set "
        "shift then trap type umask unset until wait while { } ( )",
    )
)
_STARTS_ANOTHER = frozenset(re.findall(r"\S+", "! do elif else eval exec if then time until while { ("))
_SEPARATORS = frozenset(re.findall(r"\S+", "; & && | || ( ) ;;"))
_OWN_PLACES = ("/srv/", "/shop/", "/data/", "./")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")
_INSTRUCTION = re.compile(r"^(RUN|CMD|ENTRYPOINT|USER)\s+(.*)$", re.MULTILINE)
_UNKNOWN = "…"


def inside(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about what one lesson relies on."""
    allowed = frozenset(
        name for recipe in bases().values() for name in (*recipe.contract.programs, *recipe.contract.paths)
    )
    users = frozenset(name for recipe in bases().values() for pair in recipe.contract.users for name in pair.split(":"))
    for where, program in _programs(lesson, notebook):
        if not (program in allowed or _UNKNOWN in program or _own(lesson, program)):
            yield Finding(
                lesson.name, where, "in a container, programs that the contract of the bases has", program,
                "use another, or add it to the contract in course/images/recipes.toml for every source",
            )  # fmt: skip
    for where, user in _users(lesson, notebook):
        if user.partition(":")[0] not in users and _UNKNOWN not in user:
            yield Finding(lesson.name, where, f"a user out of {', '.join(sorted(users))}", user, "use app")
    for cell in notebook.cells:
        if cell.kind == "code":
            yield from _endless(lesson, cell)


def _own(lesson: Lesson, program: str) -> bool:
    """Whether the lesson supplies the program: a script, or a file in one of its image's own folders."""
    return program.startswith(_OWN_PLACES) or any(lesson.folder.rglob(posixpath.basename(program)))


def _programs(lesson: Lesson, notebook: LessonNotebook) -> Iterator[tuple[str, str]]:
    for cell in notebook.cells:
        if cell.kind == "code":
            for command in (*_commands(cell.source), *_instructions(cell.source)):
                yield from ((cell.id, program) for program in called(command))
    for path in sorted(lesson.folder.rglob("Dockerfile")):
        for command in _instructions(path.read_text("utf-8")):
            yield from ((str(path.relative_to(lesson.folder)), program) for program in called(command))
    for path in sorted(lesson.folder.rglob("*.sh")):
        yield from ((str(path.relative_to(lesson.folder)), program) for program in in_script(path.read_text("utf-8")))


def _users(lesson: Lesson, notebook: LessonNotebook) -> Iterator[tuple[str, str]]:
    for cell in notebook.cells:
        if cell.kind == "code":
            for node in _calls(cell.source):
                yield from (
                    (cell.id, str(word.value.value))
                    for word in node.keywords
                    if word.arg == "user" and isinstance(word.value, ast.Constant)
                )
            yield from ((cell.id, text) for kind, text in _INSTRUCTION.findall(cell.source) if kind == "USER")


def called(command: str | Sequence[str]) -> Iterator[str]:
    """The programs that a command starts: a list of words, or a text that a shell reads."""
    if isinstance(command, str):
        yield from in_script(command)
    elif command and not command[0].startswith("-"):  # those are arguments for an entry point
        yield command[0]
        if command[0] in _SHELLS and "-c" in command[1:-1]:
            yield from in_script(command[-1])


def in_script(script: str) -> Iterator[str]:
    """The programs that a shell script calls by name, as far as they can be told without running it."""
    text = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))
    lexer = shlex.shlex(text.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    expected, skip = True, False
    words: list[str] = []
    with suppress(ValueError):  # an open quotation mark: what was read so far counts
        words.extend(lexer)
    for word in words:
        if skip:
            skip = False
        elif set(word) <= set("<>&") and set(word) & set("<>"):
            skip = True
        elif word in _SEPARATORS:
            expected = True
        elif expected and not _ASSIGNS.match(word):
            expected = word in _STARTS_ANOTHER
            if word not in _IN_THE_SHELL and not word.isdigit():
                yield word


def _instructions(text: str) -> Iterator[str | list[str]]:
    """The commands of a Dockerfile, also of one that stands in a cell."""
    found = _INSTRUCTION.findall(text.replace("\\\n", " "))
    enters = any(kind == "ENTRYPOINT" for kind, _ in found)
    for kind, rest in found:
        if kind == "USER" or (kind == "CMD" and enters):  # such a CMD holds arguments
            continue
        try:
            words = json.loads(rest)
        except ValueError:
            yield rest
        else:
            yield [str(word) for word in words]


def _calls(source: str) -> list[ast.Call]:
    try:
        return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:  # a magic, or a finding of its own
        return []


def _commands(source: str) -> Iterator[list[str] | str]:
    """The commands that a cell gives to docker-py: of a container, of exec, of a health check."""
    calls = _calls(source)
    known: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse(source)) if calls else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name) and isinstance(node.iter, ast.List):
            known.setdefault(node.target.id, []).extend(node.iter.elts)
    for call in calls:
        if not isinstance(call.func, ast.Attribute):
            continue
        of_containers = isinstance(call.func.value, ast.Attribute) and call.func.value.attr == "containers"
        given: list[ast.expr] = [word.value for word in call.keywords if word.arg in ("command", "entrypoint")]
        if call.func.attr == "exec_run":
            given += call.args[:1]
        elif call.func.attr in ("run", "create") and of_containers:
            given += call.args[1:2]
        else:
            continue
        for expression in given:
            for value in known.get(expression.id, []) if isinstance(expression, ast.Name) else [expression]:
                yield from _words(value)


def _words(value: ast.expr) -> Iterator[list[str] | str]:
    if isinstance(value, ast.List):
        words = [_text(one) for one in value.elts]
        yield words
    elif isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        with suppress(ValueError):
            yield shlex.split(_text(value))


def _text(node: ast.expr) -> str:
    """The text of a string, with a mark where something is put into it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _UNKNOWN for part in node.values)
    return _UNKNOWN


def _endless(lesson: Lesson, cell: Cell) -> Iterator[Finding]:
    """Waiting without an end: a `while` for a container that never gets there, a followed log, an event stream."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.While) or (isinstance(node, ast.For) and _without_end(node.iter)):
            yield Finding(
                lesson.name, cell.id, "a loop that ends whatever a container does", ast.unparse(node).splitlines()[0],
                "count: `for _ in range(100):` with a `break`; or `container.wait(timeout=…)`",
            )  # fmt: skip


def _without_end(source: ast.expr) -> bool:
    """Whether a `for` goes over something that need not end: events, a followed log, `itertools.count()`."""
    if not isinstance(source, ast.Call):
        return False
    name = ast.unparse(source.func).rpartition(".")[2]
    words = {word.arg for word in source.keywords}
    follows = name in ("logs", "attach") and "stream" in words and "until" not in words
    return follows or (name == "events" and "until" not in words) or name in ("count", "cycle", "repeat")
