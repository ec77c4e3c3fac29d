"""Which of the files that were handed in is the lesson's notebook: browsers, platforms and learners rename it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.classroom.errors import NoNotebook
from grader.classroom.shown import shown
from grader.examine.folder import NOTEBOOK
from grader.examine.reading import NotANotebook, Readable, read_submitted, readable

MOST_NAMED = 5
_LOOK_ALIKES = str.maketrans(
    "асеорхуіѕјԁһӏԛԝАВЕКМНОРСТХІЅЈ" + "οανικρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aceopxyisjdhlqwABEKMHOPCTXISJ" + "oavikptuxABEZHIKMNOPTYX",
)
_GAPS = re.compile(r"[\s_\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
# what copies are called: "x (1)", "x-Copy1", "x 2", "x - Kopie", "Copy of x"
_ENDING = re.compile(r"(?:-?\(\d{1,3}\)|-?(?:copy|kopie|copie|copia)-?\d{0,3}|-\d{1,3})\Z")
_BEGINNING = re.compile(r"\A(?:copy-of|kopie-von|copie-de|copia-de)-")


@dataclass(frozen=True)
class Taken:
    """What was handed in, with the notebook under the lesson's name.

    Args:
        files: contents by path; where the notebook lay in a folder, that folder is the top.
        notes: what was done to the names, one sentence each.
        called: the notebook's own path.
    """

    files: dict[str, bytes]
    notes: tuple[str, ...]
    called: str


def take(files: Mapping[str, bytes], lesson: str, released: bytes = b"", skipped: Sequence[str] = ()) -> Taken:
    """Find the lesson's notebook among what was handed in.

    A notebook of the lesson's own name comes before one whose name holds it, and that before any other; of two copies
    that say the same either is taken, and an untouched released copy yields to one with answers.

    Args:
        files: contents by path.
        lesson: its full name.
        released: the notebook that learners got.
        skipped: what was left out of the hand-in, one line each.

    Raises:
        NoNotebook: there is none, or there are two that could be meant and differ, or it cannot be read.
    """
    wanted = f"{lesson}{NOTEBOOK}"
    found = _candidates(files, lesson)
    if not found:
        raise _none(files, wanted, skipped)
    chosen = _one_of(files, found, wanted, released)
    read = _read(files[chosen], chosen, wanted)
    if chosen == wanted:
        return Taken({**files, wanted: read.content}, read.notes, chosen)
    folder, slash, _ = chosen.rpartition("/")
    rest = {path: content for path, content in files.items() if path != chosen}
    moved = {
        path.removeprefix(folder + slash): rest[path] for path in rest if slash and path.startswith(folder + slash)
    }
    kept = {path: content for path, content in rest.items() if not (slash and path.startswith(folder + slash))}
    note = f"The notebook is called '{shown(chosen)}': it was taken as {wanted}."
    return Taken({**kept, **moved, wanted: read.content}, (note, *read.notes), chosen)


def folded(name: str) -> str:
    """A name as people take it: without case, look-alikes, marks and kinds of dashes and spaces."""
    plain = unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKES)
    plain = "".join(sign for sign in plain if sign.isprintable() or sign.isspace())
    return _GAPS.sub("-", plain.casefold()).strip("-")


def _candidates(files: Mapping[str, bytes], lesson: str) -> list[str]:
    """The notebooks that are meant with the same right: of the best kind of name, the least deep."""
    wanted = folded(lesson)
    ranked = [
        ((_kind(path.rpartition("/")[2], wanted), path.count("/")), path)
        for path in files
        if NOTEBOOK in path.rpartition("/")[2].casefold()
    ]
    best = min((rank for rank, _ in ranked), default=None)
    return sorted(path for rank, path in ranked if rank == best)


def _kind(name: str, wanted: str) -> int:
    """How near a name is to the lesson's: 0 is its own, or that of a copy of it; 1 holds it; 2 is any other."""
    stem = folded(name.casefold().partition(NOTEBOOK)[0])
    holds = wanted in stem
    while stem != wanted:
        shorter = _BEGINNING.sub("", _ENDING.sub("", stem, count=1), count=1)
        if shorter == stem:
            return 1 if holds else 2
        stem = shorter
    return 0


def _one_of(files: Mapping[str, bytes], found: list[str], wanted: str, released: bytes) -> str:
    if len(found) == 1:
        return found[0]
    texts = {path: _text(files[path]) for path in found}
    readable = [path for path in found if texts[path] is not None] or found
    answered = [path for path in readable if texts[path] is None or texts[path] != _text(released)] or readable
    if len({texts[path] if texts[path] is not None else files[path] for path in answered}) == 1:
        return wanted if wanted in answered else answered[0]
    raise NoNotebook(
        f"one notebook that can be meant as {wanted}",
        f"{_listed(answered)} differ",
        f"ask which one counts, and take the other out of the hand-in; it should be called {wanted}",
    )


def _read(content: bytes, called: str, wanted: str) -> Readable:
    try:
        return readable(content)
    except NotANotebook as error:
        observed = f"'{shown(called)}' cannot be read: {shown(error.observed)}"
        raise NoNotebook(
            f"the notebook {wanted}", observed, f"tell the learner: {error.try_next.rstrip('.')}"
        ) from error


def _text(content: bytes) -> tuple[tuple[str, str], ...] | None:
    """What a notebook says, whatever has been run in it; None for what is none."""
    try:
        cells, _ = read_submitted(content)
    except NotANotebook:
        return None
    return tuple((cell.kind, cell.source.strip()) for cell in cells)


def _none(files: Mapping[str, bytes], wanted: str, skipped: Sequence[str]) -> NoNotebook:
    there = f"no notebook was handed in, but {_listed(sorted(files))}" if files else "nothing was handed in"
    left_out = [line for line in skipped if NOTEBOOK in line.casefold()] or list(skipped)
    there += f"; left out: {'; '.join(left_out[:MOST_NAMED])}" if left_out else ""
    return NoNotebook(f"the notebook {wanted}", there, f"ask the learner for {wanted}")


def _listed(paths: Iterable[str]) -> str:
    names = [f"'{shown(path)}'" for path in paths]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return " and ".join(names) if len(names) == 2 else ", ".join(names[:MOST_NAMED]) + more
