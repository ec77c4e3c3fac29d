"""Forty ways in which a hand-in is odd: what browsers, editors, file systems and learners do, with and without malice.

Each changes a folder that holds an honest hand-in, and says whether that can still be graded as it is.
"""

from __future__ import annotations

import json
import os
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Odd:
    """One way.

    Args:
        name: what happened.
        deed: makes it so; gets the learner's folder and the notebook in it.
        is_graded: whether the examiner still gets it; if not, its row says why.
    """

    name: str
    deed: Callable[[Path, Path], object]
    is_graded: bool = True


def _renamed(pattern: str) -> Callable[[Path, Path], object]:
    def deed(folder: Path, notebook: Path) -> None:
        target = folder / pattern.format(notebook.stem)
        target.parent.mkdir(parents=True, exist_ok=True)
        notebook.rename(target)

    return deed


def _text(change: Callable[[str], str]) -> Callable[[Path, Path], object]:
    return lambda _, notebook: notebook.write_text(change(notebook.read_text("utf-8")), "utf-8")


def _json(change: Callable[[dict], object]) -> Callable[[Path, Path], object]:  # type: ignore[type-arg]
    def deed(_: Path, notebook: Path) -> None:
        node = json.loads(notebook.read_text("utf-8"))
        change(node)
        notebook.write_text(json.dumps(node), "utf-8")

    return deed


def _two(folder: Path, notebook: Path) -> None:
    node = json.loads(notebook.read_text("utf-8"))
    node["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "another end"})
    (folder / f"{notebook.stem} (1).ipynb").write_text(json.dumps(node), "utf-8")


def _copy(folder: Path, notebook: Path) -> None:
    (folder / f"{notebook.stem}-Copy1.ipynb").write_bytes(notebook.read_bytes())


def _many(folder: Path, _: Path) -> None:
    (folder / "0").mkdir()
    for number in range(5000):
        (folder / "0" / str(number)).touch()


def _deep(folder: Path, _: Path) -> None:
    folder.joinpath(*["d"] * 60).mkdir(parents=True)


def _sparse(folder: Path, _: Path) -> None:
    with (folder / "video.mp4").open("wb") as file:
        file.truncate(2 << 40)


def _socket(folder: Path, _: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
    finally:
        os.chdir(here)


def _swap(make: Callable[[Path], object]) -> Callable[[Path, Path], object]:
    def deed(_: Path, notebook: Path) -> None:
        notebook.unlink()
        make(notebook)

    return deed


def _outputs(node: dict) -> None:  # type: ignore[type-arg]
    code = next(cell for cell in node["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 5_000_000}]


def _without_ids(node: dict) -> None:  # type: ignore[type-arg]
    node["nbformat_minor"] = 4
    for cell in node["cells"]:
        cell.pop("id", None)


def _zip(folder: Path, notebook: Path) -> None:
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        archive.write(notebook, notebook.name)


WAYS = (
    Odd("downloaded twice", _renamed("{} (1).ipynb")),
    Odd("a copy of JupyterLab's", _renamed("{}-Copy1.ipynb")),
    Odd("Canvas's number", _renamed("{}-2.ipynb")),
    Odd("Colab's copy", _renamed("Copy of {}.ipynb")),
    Odd("another case", lambda f, n: n.rename(f / n.name.upper())),
    Odd("underscores", lambda f, n: n.rename(f / n.name.replace("-", "_"))),
    Odd("another dash", lambda f, n: n.rename(f / n.name.replace("-", "\u2011"))),
    Odd("a mark in the name", lambda f, n: n.rename(f / f"\u200f{n.name}")),
    Odd("saved as text", _renamed("{}.ipynb.txt")),
    Odd("saved as JSON", _renamed("{}.ipynb.json")),
    Odd("without a title", _renamed("Untitled.ipynb")),
    Odd("a folder in a folder", _renamed("{0}/{0}.ipynb")),
    Odd("a platform's folder", _renamed("a_b_123_assignsubmission_file_/{}.ipynb")),
    Odd("the same twice", _copy),
    Odd("two that differ", _two, is_graded=False),
    Odd("a PDF only", lambda f, n: n.rename(f / "answers.pdf"), is_graded=False),
    Odd("nothing", lambda _, n: n.unlink(), is_graded=False),
    Odd("an empty file", lambda _, n: n.write_bytes(b"")),
    Odd("half a notebook", _text(lambda text: text[: len(text) // 2])),
    Odd("a picture", lambda _, n: n.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)),
    Odd("a byte order mark", _text(lambda text: "\ufeff" + text)),
    Odd("Windows' line ends", _text(lambda text: text.replace("\n", "\r\n"))),
    Odd("a merge conflict", _text(lambda text: "<<<<<<< HEAD\n" + text)),
    Odd("no ids", _json(_without_ids)),
    Odd("Colab's metadata", _json(lambda node: node["metadata"].update(colab={"provenance": []}))),
    Odd("a large output", _json(_outputs)),
    Odd("another kernel", _json(lambda node: node["metadata"].update(kernelspec={"name": "r", "display_name": "R"}))),
    Odd("no cells", _json(lambda node: node.update(cells=[]))),
    Odd("a link to a file outside", lambda f, _: (f / "notes.txt").symlink_to("/etc/passwd")),
    Odd("a link to a folder outside", lambda f, _: (f / "more").symlink_to("/etc")),
    Odd("a link to nowhere", lambda f, _: (f / "data.csv").symlink_to("/no/such")),
    Odd("a link to itself", lambda f, _: (f / "loop").symlink_to("loop")),
    Odd("the notebook a link", _swap(lambda n: n.symlink_to("/etc/passwd")), is_graded=False),
    Odd("the notebook a pipe", _swap(os.mkfifo), is_graded=False),
    Odd("a folder in its place", _swap(lambda n: n.mkdir()), is_graded=False),
    Odd("a pipe", lambda f, _: os.mkfifo(f / "pipe")),
    Odd("a socket", _socket),
    Odd("a large sparse file", _sparse),
    Odd("thousands of files", _many),
    Odd("sixty folders deep", _deep),
    Odd("a page of its own", lambda f, n: (f / f"{n.stem}.html").write_text("<script>document.title = 1</script>")),
    Odd("a program for nbgrader", lambda f, _: (f / "nbgrader_config.py").write_text("raise SystemExit(3)")),
    Odd("a time stamp that is none", lambda f, _: (f / "timestamp.txt").write_text("yesterday")),
    Odd("a zip beside it", _zip),
)
