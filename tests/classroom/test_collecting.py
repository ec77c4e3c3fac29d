"""What platforms, browsers and learners make of a hand-in is taken or told, and nothing is written elsewhere."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from two_users import LESSON, notebook

from grader.classroom.collecting.notebook import take
from grader.classroom.collecting.platform import find_learner, place_download
from grader.classroom.collecting.unpacking import Unpacking
from grader.classroom.errors import BadDownload, BadRoster, NoNotebook
from grader.classroom.roster import Learner
from grader.classroom.shown import shown
from grader.classroom.stamps import read_stamp
from grader.classroom.submission import Source, Submission
from grader.classroom.workspace import Workspace, open_workspace
from grader.examine.folder import NotAFolder

WANTED = f"{LESSON}.ipynb"
MINE, OTHER, EMPTY = notebook("mine"), notebook("other"), notebook("# your code here")
RUN_AGAIN = json.dumps({**json.loads(MINE), "metadata": {"colab": {}}}, indent=9).encode()
ROSTER = [
    Learner("ada", "Ada", "Lovelace", "ada@example.org"),
    Learner("grace.h", "Grace", "Hopper", "g@example.org"),
    Learner("s-1024", "Zoë", "O'Neil", "zoe@example.org"),
    Learner("李四", "四", "李"),
    Learner("tw1", "Sam", "Twin"),
    Learner("tw2", "Sam", "Twin"),
]


@pytest.mark.parametrize(
    "name",
    [
        f"{LESSON} (1).ipynb",
        f"{LESSON}(12).ipynb",
        f"{LESSON}-Copy1.ipynb",
        f"{LESSON}-1.ipynb",
        f"{LESSON} - Kopie (2).ipynb",
        f"Copy of {LESSON}.ipynb",
        f"{LESSON.upper()}.IPYNB",
        f"{LESSON}.ipynb.txt",
        f"{LESSON}.ipynb.json",
        "T01_greeter.ipynb",
        "T01 greeter.ipynb",
        "T01‑greeter.ipynb",
        "Ｔ０１-ｇｒｅｅｔｅｒ.ipynb",
        "Т01-grееtеr.ipynb",
        "T01-gree\u200btеr.ipynb",
        f"doejane_LATE_123_456_{LESSON}.ipynb",
        "Untitled.ipynb",
        f"{LESSON}/{WANTED}",
        f"a/b/{LESSON} (1).ipynb",
    ],
)
def test_one_notebook_under_any_name_is_taken_and_told(name: str) -> None:
    taken = take({name: MINE, "notes.txt": b"x"}, LESSON)
    assert taken.files[WANTED] == MINE and taken.called == name
    assert len(taken.notes) == 1 and WANTED in taken.notes[0] and taken.notes[0].isprintable()


def test_its_own_name_needs_no_note() -> None:
    assert take({WANTED: MINE, "Untitled.ipynb": OTHER, "old/x.ipynb": OTHER}, LESSON).notes == ()


@pytest.mark.parametrize(
    "files",
    [
        {WANTED: MINE, f"{LESSON} (1).ipynb": MINE},
        {WANTED: MINE, f"{LESSON}-Copy1.ipynb": RUN_AGAIN},
        {WANTED: EMPTY, f"{LESSON} (1).ipynb": MINE},
        {WANTED: b"<html>", f"{LESSON} (1).ipynb": MINE},
        {f"{LESSON}-1.ipynb": MINE, "Untitled.ipynb": OTHER},
        {f"{LESSON}-1.ipynb": MINE, f"drafts/{WANTED}": OTHER},
    ],
    ids=["the same", "run again", "one untouched", "one torn", "one of another name", "one deeper"],
)
def test_of_two_the_one_that_can_be_meant_is_taken(files: Mapping[str, bytes]) -> None:
    assert take(files, LESSON, EMPTY).files[WANTED] in (MINE, RUN_AGAIN)


@pytest.mark.parametrize(
    "names",
    [(WANTED, f"{LESSON} (1).ipynb"), (f"{LESSON}-1.ipynb", f"{LESSON}-2.ipynb"), ("one.ipynb", "two.ipynb")],
)
def test_two_that_differ_are_named_both(names: tuple[str, str]) -> None:
    with pytest.raises(NoNotebook) as caught:
        take({names[0]: MINE, names[1]: OTHER}, LESSON, EMPTY)
    assert all(f"'{name}'" in caught.value.observed for name in names) and WANTED in str(caught.value)


def test_without_a_notebook_the_one_that_is_wanted_is_named() -> None:
    with pytest.raises(NoNotebook, match=WANTED) as caught:
        take({"answers.pdf": b"%PDF"}, LESSON)
    assert "answers.pdf" in caught.value.observed
    with pytest.raises(NoNotebook, match="nothing was handed in"):
        take({}, LESSON)


def test_a_folder_in_a_folder_is_the_folder() -> None:
    files = {f"x/{WANTED}": MINE, "x/shop/Dockerfile": b"FROM a", "x/y/z": b"1", "top": b"2"}
    assert take(files, LESSON).files == {WANTED: MINE, "shop/Dockerfile": b"FROM a", "y/z": b"1", "top": b"2"}


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("ada", "ada"),
        ("ADA@example.org", "ada"),
        ("ada@example.org (late)", "ada"),
        ("Ada Lovelace", "ada"),
        ("Lovelace_Ada", "ada"),
        ("lovelaceada", "ada"),
        ("Lovelace, Ada", "ada"),
        ("grace.h", "grace.h"),
        ("work of grace.h", "grace.h"),
        ("oneilzoe", "s-1024"),
        ("Zoe\u0308 O'Neil", "s-1024"),
        ("s-1024_final", "s-1024"),
        ("李四", "李四"),
        ("李 四", "李四"),
    ],
)
def test_a_platform_s_name_is_mapped_by_id_mail_or_name(who: str, found: str) -> None:
    learner, why = find_learner(who, ROSTER)
    assert learner is not None and (learner.id, why) == (found, "")


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("Sam Twin", "tw1 or tw2"),
        ("ADA", "nobody"),
        ("adam", "nobody"),
        ("Participant 7", "nobody"),
        ("*", "nobody"),
        ("a.a", "nobody"),
        ("", "nobody"),
    ],
)
def test_what_could_be_two_or_nobody_is_placed_with_nobody(who: str, why: str) -> None:
    learner, said = find_learner(who, ROSTER)
    assert learner is None and why in said


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "Docker [WS 26]? #1"
    for step in ("source", "release"):
        (root / step / LESSON).mkdir(parents=True)
        (root / step / LESSON / WANTED).write_bytes(EMPTY)
    (root / "submitted").mkdir()
    (root / "nbgrader_config.py").touch()
    return open_workspace(root)


def packed(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def download(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "download.zip"
    path.write_bytes(packed(files))
    return path


def submitted(workspace: Workspace) -> dict[str, bytes]:
    top = workspace.root / "submitted"
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if not path.is_dir()}


def test_moodle_s_folders_find_their_learners(workspace: Workspace, tmp_path: Path) -> None:
    files = {
        f"Ada Lovelace_77_assignsubmission_file_/{WANTED}": MINE,
        f"O'Neil_Zoë_78_assignsubmission_file_/{LESSON} (1).ipynb": OTHER,
        f"Grace Hopper_79_assignsubmission_file_{WANTED}": OTHER,
        f"Sam Twin_80_assignsubmission_file_/{WANTED}": MINE,
    }
    came = place_download(workspace, LESSON, download(tmp_path, files), ROSTER)
    assert submitted(workspace) == {
        f"ada/{LESSON}/{WANTED}": MINE,
        f"s-1024/{LESSON}/{LESSON} (1).ipynb": OTHER,
        f"grace.h/{LESSON}/{WANTED}": OTHER,
    }
    assert came.lost == {"Sam Twin_80_assignsubmission_file_": "it could be tw1 or tw2"}
    again = place_download(workspace, LESSON, download(tmp_path, files), ROSTER)
    assert (again.placed, again.same) == ({}, ["ada", "grace.h", "s-1024"])


def test_canvas_s_files_find_their_learners(workspace: Workspace, tmp_path: Path) -> None:
    files = {
        f"lovelaceada_1234_5678_{LESSON}-1.ipynb": MINE,
        "lovelaceada_1234_5679_Dockerfile": b"FROM a",
        f"hoppergrace_LATE_1235_5680_{WANTED}": OTHER,
    }
    place_download(workspace, LESSON, download(tmp_path, files), ROSTER)
    assert submitted(workspace) == {
        f"ada/{LESSON}/{LESSON}-1.ipynb": MINE,
        f"ada/{LESSON}/Dockerfile": b"FROM a",
        f"grace.h/{LESSON}/{WANTED}": OTHER,
    }


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_zip_in_a_zip_and_a_folder_in_a_folder(workspace: Workspace, tmp_path: Path, unpacked: bool) -> None:
    inner = packed({f"{LESSON}/{WANTED}": MINE, "__MACOSX/._x": b"", f"{LESSON}/.dockerignore": b"x"})
    files = {"all/ada/work.zip": inner, f"all/李四/{LESSON}\\{WANTED}": OTHER}
    if unpacked:
        (tmp_path / "all" / "ada").mkdir(parents=True)
        (tmp_path / "all" / "ada" / "work.zip").write_bytes(inner)
        place_download(workspace, LESSON, tmp_path / "all", ROSTER)
        files.popitem()
    else:
        place_download(workspace, LESSON, download(tmp_path, files), ROSTER)
    expected = {f"ada/{LESSON}/{LESSON}/{WANTED}": MINE, f"ada/{LESSON}/{LESSON}/.dockerignore": b"x"}
    assert submitted(workspace) == expected | ({} if unpacked else {f"李四/{LESSON}/{LESSON}/{WANTED}": OTHER})
    submission = Submission("ada", LESSON, workspace.root / "submitted" / "ada" / LESSON)
    taken, _ = Source(workspace, LESSON).read(submission)
    assert set(taken.files) == {WANTED, ".dockerignore"}


def _link(name: str, target: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        archive.writestr(info, target)
        archive.writestr(WANTED, MINE)
    return out.getvalue()


def _without_flag(name: bytes) -> bytes:
    """A zip whose maker wrote UTF-8 without saying so, as older ones of macOS do."""
    return packed({"X" * len(name): b"there", WANTED: MINE}, zipfile.ZIP_STORED).replace(b"X" * len(name), name)


BOMB = packed({WANTED: MINE, "zeros": b"\0" * (20 * 1024 * 1024)})
ARCHIVES = {
    "out of the folder": (packed({WANTED: MINE, "../../../evil": b"x"}), "evil: no path below"),
    "an absolute path": (packed({WANTED: MINE, "/etc/evil": b"x"}), "evil: no path below"),
    "a Windows path": (packed({WANTED: MINE, "..\\..\\evil": b"x"}), "evil: no path below"),
    "a link": (_link("evil", "/etc/passwd"), "evil: a link"),
    "a bomb": (BOMB, "zeros: larger than"),
    "a bomb in a bomb": (packed({WANTED: MINE, "in.zip": BOMB}), "zeros: larger than"),
    "zips in zips": (packed({WANTED: MINE, "a.zip": packed({"b.zip": packed({"c": b""})})}), ""),
    "another packing": (packed({WANTED: MINE, "x": b"x"}, zipfile.ZIP_LZMA), "packed in another way"),
    "two of one name": (_without_flag(b"b").replace(b"b", b"b"), ""),
    "a torn one": (packed({WANTED: MINE})[:-9], "cannot be read"),
    "no zip": (b"<html>please log in</html>", "cannot be read"),
    "a name of 255 bytes": (packed({WANTED: MINE, "n" * 255: b"x"}), ""),
    "a right-to-left name": (packed({WANTED: MINE, "a\u202egnp.exe": b"x"}), ""),
    "an escape": (packed({WANTED: MINE, "a\x1b[2J": b"x"}), ""),
    "umlauts without the flag": (_without_flag("Übung".encode()), ""),
    "many files": (packed({WANTED: MINE, **{f"f{number}": b"" for number in range(3000)}}), "more than 2000 files"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_learner_s_archive_writes_nothing_elsewhere(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    archive, said = ARCHIVES[kind]
    before = {path for path in tmp_path.rglob("*") if workspace.root not in path.parents}
    came = place_download(workspace, LESSON, download(tmp_path, {"ada/work.zip": archive}), ROSTER)
    found = submitted(workspace)
    assert all(path.startswith(f"ada/{LESSON}/") and shown(path) == path for path in found)
    after = {path for path in tmp_path.rglob("*") if workspace.root not in path.parents}
    assert after - before == {tmp_path / "download.zip"} and not Path("/etc/evil").exists()
    record = workspace.root / ".grader" / "collected" / f"{LESSON}.json"
    words = " ".join([*came.lost.values(), record.read_text("utf-8") if record.exists() else ""])
    if kind in ("another packing", "a torn one", "no zip"):
        assert found == {} and "nothing was handed in" in words
    else:
        assert found[f"ada/{LESSON}/{WANTED}"] == MINE and said in words
    if kind.startswith("umlauts"):
        assert found[f"ada/{LESSON}/Übung"] == b"there"


def test_an_archive_with_wrong_bytes_costs_its_learner_only(workspace: Workspace, tmp_path: Path) -> None:
    chance, whole = random.Random(13), packed({WANTED: MINE, "a/b.txt": b"hello" * 50, "ü": b"x"})
    for _ in range(3000):
        torn = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 4])):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        Unpacking().unpack(bytes(torn), 1)
    newer = bytearray(whole)
    newer[whole.index(b"PK\1\2") + 6] = 255  # "version needed to extract": zipfile raises NotImplementedError
    came = place_download(
        workspace, LESSON, download(tmp_path, {"ada/work.zip": bytes(newer), f"tw1/{WANTED}": MINE}), ROSTER
    )
    assert submitted(workspace) == {f"tw1/{LESSON}/{WANTED}": MINE}
    assert "left out: work.zip: a zip that cannot be read: zip file version" in came.lost["ada"]
    (tmp_path / "download.zip").write_bytes(newer)
    with pytest.raises(BadDownload, match="zip file version"):
        place_download(workspace, LESSON, tmp_path / "download.zip", ROSTER)


@pytest.mark.parametrize("kind", ["a file", "a link"])
def test_what_stands_in_the_way_in_submitted_costs_its_learner_only(
    workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    way = workspace.root / "submitted" / "ada"
    way.touch() if kind == "a file" else way.symlink_to(tmp_path)
    came = place_download(
        workspace, LESSON, download(tmp_path, {f"{who}/{WANTED}": MINE for who in ("ada", "tw1")}), ROSTER
    )
    assert set(came.placed) == {"tw1"} and "something stands in the way" in came.lost["ada"]
    assert (workspace.root / "submitted" / "tw1" / LESSON / WANTED).read_bytes() == MINE
    assert sorted(os.listdir(tmp_path)) == ["Docker [WS 26]? #1", "download.zip"]  # noqa: PTH208  # names only
    assert list((workspace.root / ".grader" / "incoming").iterdir()) == []


def test_a_platform_s_archive_is_no_more_trusted(workspace: Workspace, tmp_path: Path) -> None:
    files = {"../ada/x": b"x", "/ada/x": b"x", "C:\\ada\\x": b"x", f"ada/{WANTED}": MINE, "ada/../../x": b"x"}
    came = place_download(workspace, LESSON, download(tmp_path, files), ROSTER)
    assert submitted(workspace) == {f"ada/{LESSON}/{WANTED}": MINE}
    assert {"../ada/x", "/ada/x", "C:/ada/x"} == set(came.lost)


def test_a_later_download_without_a_notebook_replaces_nothing(workspace: Workspace, tmp_path: Path) -> None:
    place_download(workspace, LESSON, download(tmp_path, {f"ada/{WANTED}": MINE}), ROSTER)
    came = place_download(workspace, LESSON, download(tmp_path, {"ada/essay.pdf": b"%PDF"}), ROSTER)
    assert submitted(workspace) == {f"ada/{LESSON}/{WANTED}": MINE} and "no notebook" in came.lost["ada"]


def test_what_is_no_download_is_refused_in_words(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(BadDownload, match="zip"):
        place_download(workspace, LESSON, tmp_path / "x", ROSTER)
    with pytest.raises(BadRoster, match=r"roster\.csv"):
        place_download(workspace, LESSON, tmp_path / "x", [])


def test_a_folder_in_submitted_that_is_a_link_is_not_read(workspace: Workspace) -> None:
    (workspace.root / "submitted" / "ada").mkdir()
    (workspace.root / "submitted" / "ada" / LESSON).symlink_to(workspace.root / "source" / LESSON)
    (workspace.root / "submitted" / "tw1").symlink_to(workspace.root / "source")
    for student in ("ada", "tw1"):
        with pytest.raises(NotAFolder, match="a link"):
            Source(workspace, LESSON).read(Submission(student, LESSON, workspace.root / "submitted" / student / LESSON))


def test_a_learner_s_configuration_is_never_a_workspace_s(workspace: Workspace) -> None:
    for step in ("submitted", "autograded", "feedback"):
        theirs = workspace.root / step / "mal" / LESSON
        (theirs / "source").mkdir(parents=True)
        (theirs / "nbgrader_config.py").write_text("raise SystemExit('run as the instructor')")
        assert open_workspace(theirs).root == open_workspace(theirs / "source").root == workspace.root


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Zoë O'Neil", "Zoë O'Neil"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9bb", "a\\x9bb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2066b", "a\\u2066b"),
        ("a\nb", "a\\nb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\udcffb", "a\\udcffb"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("山田\u3000太郎", "山田\u3000太郎"),
    ],
)
def test_what_acts_on_a_terminal_is_shown_escaped(text: str, escaped: str) -> None:
    assert shown(text) == escaped


def test_a_time_stamp_is_whole_or_none() -> None:
    assert read_stamp("2026-01-05 10:00:00.5 UTC\n") == read_stamp("2026-01-05 11:00:00.500000 CET", "Europe/Berlin")
    for text in (
        "",
        "2026-01-05",
        "2026-01-05 10:00:00",
        "5 Jan 2026 10:00:00 UTC",
        "2026-13-05 10:00:00 UTC",
        "x" * 999,
    ):
        assert read_stamp(text) is None


def test_nothing_of_a_workspace_is_taken_for_a_pattern(workspace: Workspace) -> None:
    from grader.classroom.nbgrader_side.paths import is_ignored, literal_glob

    source = workspace.root / "source"
    assert literal_glob(str(source / LESSON)) == [str(source / LESSON)]
    assert literal_glob(str(source / "*" / "*.ipynb")) == [str(source / LESSON / WANTED)]
    (source / LESSON / "instructor.md").touch()
    assert is_ignored(str(source / LESSON / "instructor.md"), ["instructor.md"])
    assert not is_ignored(str(source / LESSON / WANTED), ["instructor.md"])
    assert os.listdir(source) == [LESSON]  # noqa: PTH208  # names are all that is asked
