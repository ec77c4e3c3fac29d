"""Sixty ways in which a hand-in is odd: what browsers, editors, file systems and learners do, with and without malice.

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
from typing import Any

import nbformat


@dataclass(frozen=True)
class Odd:
    """One way.

    Args:
        name: what happened.
        deed: makes it so; gets the learner's folder and the notebook in it.
        says: what its row says, "{}" for the notebook's name, where it cannot be graded; "" where it can.
        notes: what the row of one that is graded says.
        earns: whether one that is graded has the marks of the honest hand-in.
    """

    name: str
    deed: Callable[[Path, Path], object]
    says: str = ""
    notes: str = ""
    earns: bool = True

    @property
    def is_graded(self) -> bool:
        """Whether the examiner still gets it."""
        return not self.says


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


def _outputs(size: int) -> Callable[[dict], object]:  # type: ignore[type-arg]
    def change(node: dict) -> None:  # type: ignore[type-arg]
        code = next(cell for cell in node["cells"] if cell["cell_type"] == "code")
        code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * size}]

    return change


def _without_ids(node: dict) -> None:  # type: ignore[type-arg]
    node["nbformat_minor"] = 4
    for cell in node["cells"]:
        cell.pop("id", None)


def _linked(folder: Path, notebook: Path) -> None:
    notebook.rename(folder / "answers.txt")
    notebook.symlink_to("answers.txt")


def _pages(folder: Path, notebook: Path) -> None:
    script = "<script xmlns='http://www.w3.org/2000/svg'>document.title = 1</script>"
    for name in (f"{notebook.stem}.HTML", "index.Htm", "page.xhtml", "picture.svg", "page.html.ipynb.bak", "page.js"):
        (folder / name).write_text(script)


def _zip(folder: Path, notebook: Path) -> None:
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        archive.write(notebook, notebook.name)


def _coded(coding: str) -> Callable[[Path, Path], object]:
    def deed(_: Path, notebook: Path) -> None:
        node = json.loads(notebook.read_text("utf-8"))
        node["cells"].append({"cell_type": "markdown", "id": "last", "metadata": {}, "source": "Grüße"})
        notebook.write_bytes(json.dumps(node, ensure_ascii=False).encode(coding, "replace"))

    return deed


def _in_format_3(_: Path, notebook: Path) -> None:
    node: Any = nbformat.convert(nbformat.read(notebook, 4), 3)
    notebook.write_text(nbformat.v3.writes_json(node), "utf-8")  # type: ignore[no-untyped-call]


SAVE = "tell the learner: Open it in JupyterLab, save it, and hand it in again"
ITSELF = "tell the learner: Hand in the notebook itself"
MERGED = (
    "tell the learner: Keep one version of each part, delete the lines that begin with <<<<<<<, ======= and >>>>>>>, "
    "and hand it in again"
)
UNREAD = "'{}' cannot be read: "
ASK = "ask the learner for {}"
CALLED = "it was taken as {}."
LEFT_OUT = "Left out of the folder: "
WAYS = (
    Odd("downloaded twice", _renamed("{} (1).ipynb"), notes=CALLED),
    Odd("a copy of JupyterLab's", _renamed("{}-Copy1.ipynb"), notes=CALLED),
    Odd("Canvas's number", _renamed("{}-2.ipynb"), notes=CALLED),
    Odd("Colab's copy", _renamed("Copy of {}.ipynb"), notes=CALLED),
    Odd("Windows' copy", _renamed("{} - Kopie.ipynb"), notes=CALLED),
    Odd("the Finder's copy", _renamed("Kopie von {}.ipynb"), notes=CALLED),
    Odd("another case", lambda f, n: n.rename(f / n.name.upper()), notes=CALLED),
    Odd("underscores", lambda f, n: n.rename(f / n.name.replace("-", "_")), notes=CALLED),
    Odd("another dash", lambda f, n: n.rename(f / n.name.replace("-", "\u2011")), notes=CALLED),
    Odd("a mark in the name", lambda f, n: n.rename(f / f"\u200f{n.name}")),
    Odd("a capital ending", _renamed("{}.IPYNB"), notes=CALLED),
    Odd("signs without width", lambda f, n: n.rename(f / "\u200b".join(n.name))),
    Odd("a decomposed umlaut", _renamed("U\u0308bung {}.ipynb"), notes=CALLED),
    Odd("saved as text", _renamed("{}.ipynb.txt"), notes=CALLED),
    Odd("saved as JSON", _renamed("{}.ipynb.json"), notes=CALLED),
    Odd("without a title", _renamed("Untitled.ipynb"), notes=CALLED),
    Odd("a folder in a folder", _renamed("{0}/{0}.ipynb"), notes=CALLED),
    Odd("a platform's folder", _renamed("a_b_123_assignsubmission_file_/{}.ipynb"), notes=CALLED),
    Odd("the same twice", _copy),
    Odd("two that differ", _two, says="differ; ask which one counts"),
    Odd("a PDF only", lambda f, n: n.rename(f / "answers.pdf"), says="no notebook was handed in, but 'answers.pdf'"),
    Odd("nothing", lambda _, n: n.unlink(), says=ASK),
    Odd("an empty file", lambda _, n: n.write_bytes(b""), says=f"{UNREAD}the file is empty; {SAVE}"),
    Odd(
        "half a notebook",
        _text(lambda text: text[: len(text) // 2]),
        says=f"{UNREAD}it ends in the middle, as a file that was not saved or copied whole; {SAVE}",
    ),
    Odd(
        "a picture",
        lambda _, n: n.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        says=f"{UNREAD}it is a picture with the name of a notebook; {ITSELF}",
    ),
    Odd("a byte order mark", _text(lambda text: "\ufeff" + text)),
    Odd("UTF-16", _coded("utf-16")),
    Odd("Latin-1", _coded("latin-1"), notes="The notebook was not saved in UTF-8"),
    Odd("Windows' line ends", _text(lambda text: text.replace("\n", "\r\n"))),
    Odd("Windows' line ends in cells", _text(lambda text: text.replace("\\n", "\\r\\n"))),
    Odd(
        "a merge conflict",
        _text(lambda text: "<<<<<<< HEAD\n" + text),
        says=f"{UNREAD}Git left the marks of a merge conflict in it; {MERGED}",
    ),
    Odd("no ids", _json(_without_ids)),
    Odd("format 3", _in_format_3),
    Odd("format 4.0", _json(lambda node: [_without_ids(node), node.update(nbformat_minor=0)])),
    Odd("Colab's metadata", _json(lambda node: node["metadata"].update(colab={"provenance": []}))),
    Odd("VS Code's metadata", _json(lambda node: node["metadata"].update(vscode={"interpreter": {"hash": "0"}}))),
    Odd("a large output", _json(_outputs(5_000_000))),
    Odd("an output of 50 MB", _json(_outputs(50_000_000)), notes="Its outputs were left out: with them it has 50 MB."),
    Odd("another kernel", _json(lambda node: node["metadata"].update(kernelspec={"name": "r", "display_name": "R"}))),
    Odd("no cells", _json(lambda node: node.update(cells=[])), earns=False),
    Odd("a link to a file outside", lambda f, _: (f / "notes.txt").symlink_to("/etc/passwd"), notes=LEFT_OUT),
    Odd("a link to a folder outside", lambda f, _: (f / "more").symlink_to("/etc"), notes=LEFT_OUT),
    Odd("a link to nowhere", lambda f, _: (f / "data.csv").symlink_to("/no/such"), notes=LEFT_OUT),
    Odd("a link to itself", lambda f, _: (f / "loop").symlink_to("loop"), notes=LEFT_OUT),
    Odd("a link to its parent", lambda f, _: (f / "up").symlink_to(".."), notes=LEFT_OUT),
    Odd("a hard link", lambda f, n: (f / "copy.txt").hardlink_to(n)),
    Odd("a name of two lines", lambda f, _: (f / "a\nb.txt").touch(), notes=LEFT_OUT),
    Odd("the notebook a link beside it", _linked, says="left out: {}: a link"),
    Odd("the notebook a link", _swap(lambda n: n.symlink_to("/etc/passwd")), says="left out: {}: a link"),
    Odd("the notebook a pipe", _swap(os.mkfifo), says="left out: {}: a pipe"),
    Odd("a folder in its place", _swap(lambda n: n.mkdir()), says=ASK),
    Odd("a pipe", lambda f, _: os.mkfifo(f / "pipe"), notes=LEFT_OUT),
    Odd("a socket", _socket, notes=LEFT_OUT),
    Odd("a large sparse file", _sparse, notes=LEFT_OUT),
    Odd("thousands of files", _many, notes=LEFT_OUT),
    Odd("sixty folders deep", _deep, notes=LEFT_OUT),
    Odd("a page of its own", lambda f, n: (f / f"{n.stem}.html").write_text("<script>document.title = 1</script>")),
    Odd("pages of other kinds", _pages),
    Odd("a program for nbgrader", lambda f, _: (f / "nbgrader_config.py").write_text("raise SystemExit(3)")),
    Odd("a time stamp that is none", lambda f, _: (f / "timestamp.txt").write_text("yesterday")),
    Odd("a zip beside it", _zip),
)
