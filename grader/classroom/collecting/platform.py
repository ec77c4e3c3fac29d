"""A learning platform's download, mapped to the roster: Moodle's and Canvas's names, folders of any other kind."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.collecting.notebook import take
from grader.classroom.collecting.placing import place
from grader.classroom.collecting.record import Kept, Record
from grader.classroom.collecting.unpacking import BROKEN, Unpacking, members
from grader.classroom.errors import BadDownload, BadRoster, NoNotebook
from grader.classroom.roster import Learner
from grader.classroom.shown import shown
from grader.classroom.submission import released_notebook
from grader.classroom.workspace import Workspace
from grader.examine.folder import MOST_FILE_BYTES, NotAFolder, kind_of, opened_below, read_entry, read_file, said

MOST_MEMBERS = 200_000
LEAST_ID = 3  # characters of an id that is looked for within a name
# Moodle (mod_assign): "Ada Lovelace_77_assignsubmission_file_" as a folder, or before the file's own name
_MOODLE = re.compile(r"(?P<who>.+?)_[0-9]+_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)")
# Canvas: "lovelaceada_LATE_1234_5678_L01-containers-1.ipynb"
_CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?[0-9]+_[0-9]+_(?P<rest>.+)")


@dataclass
class Placed:
    """What came of a download.

    Args:
        placed: by learner, the names in the download that became their hand-in.
        same: the learners whose hand-in was there already.
        lost: by name in the download, why it is nobody's, or cannot be graded.
    """

    placed: dict[str, list[str]] = field(default_factory=dict)
    same: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)


def place_download(
    workspace: Workspace, lesson: str, download: Path, roster: Sequence[Learner], *, dry_run: bool = False
) -> Placed:
    """Put a platform's download into submitted/, by the roster.

    Args:
        workspace: the instructor's.
        lesson: its full name.
        download: a zip, or the folder that one was unpacked into.
        roster: the class.
        dry_run: write nothing.

    Raises:
        BadRoster: it is empty.
        BadDownload: no zip and no folder.
    """
    if not roster:
        raise BadRoster("learners in roster.csv, to whom hand-ins can be mapped", "none", "write them there first")
    came = Placed()
    theirs: dict[str, list[_Unit]] = defaultdict(list)
    released, record = released_notebook(workspace, lesson), Record(workspace, lesson)
    with ExitStack() as stack:
        units = _from_folder(download, came) if download.is_dir() else _from_zip(download, stack, roster, came)
        for name, fill in units:
            learner, why = find_learner(_who(name)[0], roster)
            if learner is None:
                came.lost[shown(name)] = why
            else:
                theirs[learner.id].append((name, fill))
        for student, parts in sorted(theirs.items()):
            found = Unpacking()
            for name, fill in parts:
                fill(found, _who(name)[1])
            names = [shown(name) for name, _ in parts]
            _place_one(workspace, lesson, student, found, names, released, record, came, dry_run)
    return came


def _place_one(
    workspace: Workspace,
    lesson: str,
    student: str,
    found: Unpacking,
    names: list[str],
    released: bytes,
    record: Record,
    came: Placed,
    dry_run: bool,
) -> None:
    try:
        taken = take(found.files, lesson, released, found.skipped)
    except NoNotebook as error:
        came.lost[names[0]] = f"{student}: {error.observed}; {error.try_next}"
        return
    if _is_there(workspace, lesson, student, found.files):
        came.same.append(student)
        return
    if not dry_run:
        try:
            place(workspace, student, lesson, found.files)
        except (FileExistsError, NotADirectoryError, NotAFolder) as error:
            why = said(error) if isinstance(error, OSError) else error.observed
            came.lost[names[0]] = f"{student}: something stands in the way in submitted/: {why}"
            return
        record.keep(student, Kept(entry=names[0], skipped=tuple(found.skipped), called=taken.called))
    came.placed[student] = names


def _is_there(workspace: Workspace, lesson: str, student: str, files: Mapping[str, bytes]) -> bool:
    try:
        return read_entry(workspace.root / "submitted", student, lesson).files == dict(files)
    except NotAFolder:
        return False


def find_learner(who: str, roster: Sequence[Learner]) -> tuple[Learner | None, str]:
    """The one learner whom a name means: by id, by e-mail, by an id or e-mail within it, or by the name.

    Args:
        who: what a platform calls somebody.
        roster: the class.

    Returns:
        The learner and "", or None and why.
    """
    ways: tuple[Callable[[Learner], bool], ...] = (
        lambda one: who == one.id,
        lambda one: bool(one.email) and who.casefold() == one.email.casefold(),
        lambda one: _holds(who, one.id) or (bool(one.email) and _holds(who.casefold(), one.email.casefold())),
        lambda one: _letters(who) in _names(one),
    )
    for way in ways:
        found = [one for one in roster if way(one)]
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"it could be {' or '.join(shown(one.id) for one in found[:5])}"
    return None, "nobody of the roster has this id, e-mail or name"


def _who(name: str) -> tuple[str, str]:
    """Whom a name in a download speaks of, and the name of the file itself, "" for a folder."""
    for pattern in (_MOODLE, _CANVAS):
        if found := pattern.fullmatch(name):
            return found["who"], found["rest"]
    return re.sub(r"\.(?:zip|ipynb)\Z", "", name, flags=re.IGNORECASE), name


def _holds(name: str, wanted: str) -> bool:
    return len(wanted) >= LEAST_ID and re.search(rf"(?<![^\W_]){re.escape(wanted)}(?![^\W_])", name) is not None


def _names(learner: Learner) -> set[str]:
    both = ((learner.first_name, learner.last_name), (learner.last_name, learner.first_name))
    return {_letters(" ".join(order)) for order in both} - {""}


def _letters(name: str) -> str:
    """A name as platforms squeeze it: letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in plain if sign.isalnum())


_Unit = tuple[str, Callable[[Unpacking, str], None]]


def _from_zip(download: Path, stack: ExitStack, roster: Sequence[Learner], came: Placed) -> list[_Unit]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(download))
        infos = [(name, info) for name, info in members(archive.infolist()[:MOST_MEMBERS]) if not name.endswith("/")]
    except BROKEN as error:
        raise BadDownload("a zip, or a folder", shown(f"{download}: {error}"), "name what the platform gave") from error
    groups: dict[str, list[tuple[str, zipfile.ZipInfo]]] = defaultdict(list)
    for name, info in _without_common(infos, roster):
        first, slash, rest = name.partition("/")
        if not first or first in (".", "..") or name.startswith("__MACOSX/") or first.endswith(":"):
            if not name.startswith("__MACOSX/"):
                came.lost[shown(name)] = "no path that a platform makes"
            continue
        groups[first].append((rest if slash else "", info))

    def filling(group: list[tuple[str, zipfile.ZipInfo]]) -> Callable[[Unpacking, str], None]:
        def fill(found: Unpacking, rest: str) -> None:
            for path, info in group:
                found.member(archive, info, path or rest)

        return fill

    return [(first, filling(group)) for first, group in groups.items()]


def _without_common(
    infos: list[tuple[str, zipfile.ZipInfo]], roster: Sequence[Learner]
) -> list[tuple[str, zipfile.ZipInfo]]:
    """Without the folder that a platform puts around all, should there be one that is nobody's."""
    tops = {name.partition("/")[0] for name, _ in infos}
    top = next(iter(tops), "")
    inner = [(name.partition("/")[2], info) for name, info in infos]
    if len(tops) != 1 or not all(name for name, _ in inner) or find_learner(_who(top)[0], roster)[0]:
        return infos
    return inner


def _from_folder(download: Path, came: Placed) -> list[_Unit]:
    units: list[_Unit] = []
    with opened_below(download) as folder:
        names = sorted(entry.name for entry in download.iterdir())[:MOST_MEMBERS]
        kinds = {name: kind_of(folder, name) for name in names if not name.startswith(".")}
    for name, kind in kinds.items():
        if kind == "":
            units.append((name, _folder_filler(download, name)))
        elif kind == "a file":
            content = read_file(download, name, most=4 * MOST_FILE_BYTES)
            if content is None:
                came.lost[shown(name)] = "a file that is too large"
            else:
                units.append((name, _file_filler(content)))
        else:
            came.lost[shown(name)] = kind
    return units


def _folder_filler(download: Path, name: str) -> Callable[[Unpacking, str], None]:
    def fill(found: Unpacking, _rest: str) -> None:
        try:
            read = read_entry(download, name)
        except NotAFolder as error:
            found.skip(name, error.observed)
            return
        for path, content in read.files.items():
            found.add(path, content)
        found.skipped += read.skipped

    return fill


def _file_filler(content: bytes) -> Callable[[Unpacking, str], None]:
    return lambda found, rest: found.add(rest, content)
