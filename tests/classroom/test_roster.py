"""The roster: any name, no id twice, and a fault is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classroom.errors import BadRoster
from grader.classroom.roster import Learner, read_roster


def roster(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_names_of_any_script_are_kept(tmp_path: Path) -> None:
    text = 'id,first_name,last_name,email\nş1,Şule,Çelik,s@x.org\n李四,四,李,\nz,"Zoë, ""Z""",O\'Neil,\n'
    assert read_roster(roster(tmp_path, text)) == [
        Learner("ş1", "Şule", "Çelik", "s@x.org"),
        Learner("李四", "四", "李"),
        Learner("z", 'Zoë, "Z"', "O'Neil"),
    ]


@pytest.mark.parametrize(
    "text",
    ["\ufeffID, First_Name ,group\r\na,Ada,7\r\n\r\n", "id;first_name;group\na;Ada;7\n"],
    ids=["excel", "semicolons"],
)
def test_what_spreadsheets_write_is_understood(tmp_path: Path, text: str) -> None:
    assert read_roster(roster(tmp_path, text)) == [Learner("a", "Ada")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id\na\na\n", "line 3: the id 'a' a second time"),
        ("id,first_name\n,Ada\n", "line 2: the id ''"),
        ("id\n../x\n", "line 2: the id '../x'"),
        ("id\na/b\n", "of which no folder can be named"),
        ("id\na+b\n", "of which no folder can be named"),
        ("id\na*\n", "of which no folder can be named"),
        ("name\nAda\n", "observed: name"),
        ("", "an empty file"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadRoster) as caught:
        read_roster(roster(tmp_path, text))
    assert said in str(caught.value)


def test_another_encoding_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="UTF-8"):
        read_roster(roster(tmp_path, "id,first_name\na,Zoë\n", "latin-1"))
