"""What another user of the machine puts into the exchange changes nobody's hand-in, and brings nothing else along."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from two_users import ELEVEN, HONEST, LESSON, MAL, NINE, SECRET, TEN, SharedMachine, two_users

from grader.classroom.collecting import exchange as collecting
from grader.classroom.workspace import open_workspace
from grader.examine.folder import read_entry

NOTEBOOK = f"{LESSON}.ipynb"


@pytest.fixture(scope="module", autouse=True)
def users() -> Iterator[None]:
    with two_users():
        yield


@pytest.fixture
def machine() -> Iterator[SharedMachine]:
    """With a hand-in of the honest user at ten."""
    folder = Path(tempfile.mkdtemp(prefix="sw-class-"))
    made = SharedMachine.make(folder)
    made.hands_in(HONEST, "right", TEN)
    yield made
    shutil.rmtree(folder)


# What mal does, and what mal's row then says; "" where mal's own hand-in is taken (with what is harmless of it).
ALONE = {
    "a link to the hidden tests": ("entry mal '{t}'; notebook mine >$N; ln -s $SOURCE notes.txt", ""),
    "the notebook is a link to the hidden tests": ("entry mal '{t}'; ln -s $SOURCE $N", "nothing was handed in"),
    "a link to the folder of the source": ("entry mal '{t}'; notebook mine >$N; ln -s ${{SOURCE%/*}} more", ""),
    "a hard link to the hidden tests": ("entry mal '{t}'; notebook mine >$N; ln $SOURCE notes.txt || true", ""),
    "a link to where all hand-ins lie": ("entry mal '{t}'; notebook mine >$N; ln -s .. more", ""),
    "the hand-in is a link to the source": ("cd inbound; ln -s ${{SOURCE%/*}} 'mal+{l}+{t}+x'", "a link"),
    "the hand-in is a link to the honest one": ("cd inbound; ln -s 'honest+{l}+{ten}+x' 'mal+{l}+{t}+x'", "a link"),
    "the hand-in is a link to nowhere": ("cd inbound; ln -s /no/where 'mal+{l}+{t}+x'", "a link"),
    "the hand-in is a link to itself": ("cd inbound; ln -s 'mal+{l}+{t}+x' 'mal+{l}+{t}+x'", "a link"),
    "the hand-in is a file": ("cd inbound; echo hello >'mal+{l}+{t}+x'", "a file"),
    "the hand-in is a pipe": ("cd inbound; mkfifo 'mal+{l}+{t}+x'", "a pipe"),
    "the notebook is a pipe": ("entry mal '{t}'; mkfifo $N", "nothing was handed in"),
    "a pipe beside it": ("entry mal '{t}'; notebook mine >$N; mkfifo data.csv", ""),
    "the time stamp is a pipe": ("entry mal '{t}'; notebook mine >$N; mkfifo timestamp.txt", ""),
    "the time stamp is a link": ("entry mal '{t}'; notebook mine >$N; ln -s $SOURCE timestamp.txt", ""),
    "the secret is a link": ("entry mal '{t}'; notebook mine >$N; ln -s $SOURCE submission_secret.txt", ""),
    "a link to nowhere": ("entry mal '{t}'; notebook mine >$N; ln -s /no/such data.csv", ""),
    "a link to where it lies": ("entry mal '{t}'; notebook mine >$N; ln -s . loop", ""),
    "a link to a device": ("entry mal '{t}'; notebook mine >$N; ln -s /dev/zero zero; ln -s /dev/tty tty", ""),
    "a set-uid program": ("entry mal '{t}'; notebook mine >$N; cp /bin/true run; chmod 4777 run", ""),
    "a set-gid folder for all": ("entry mal '{t}'; notebook mine >$N; mkdir d; chmod 2777 d; echo >d/f", ""),
    "a sticky hand-in": ("entry mal '{t}'; notebook mine >$N; chmod 1777 .", ""),
    "a file of six terabytes": ("entry mal '{t}'; notebook mine >$N; truncate -s 6T huge", ""),
    "a notebook of six terabytes": ("entry mal '{t}'; truncate -s 6T $N", "nothing was handed in"),
    "thirty thousand files": ("entry mal '{t}'; seq 30000 | xargs touch; notebook mine >$N", ""),
    "thirty thousand files in a folder before it": (
        "entry mal '{t}'; mkdir A; cd A; seq 30000 | xargs touch; cd ..; notebook mine >$N",
        "",
    ),
    "three hundred folders deep": (
        "entry mal '{t}'; notebook mine >$N; for i in $(seq 300); do mkdir d; cd d; done; notebook deep >$N",
        "",
    ),
    "a name that writes to the terminal": (
        "entry mal '{t}'; notebook mine >$N; echo >\"$(printf 'a\\033[2Jb\\nc')\"",
        "",
    ),
    "a name of 255 bytes": ("entry mal '{t}'; notebook mine >$N; echo >$(printf '%0255d' 0)", ""),
    "a name that is no UTF-8": ("entry mal '{t}'; notebook mine >$N; echo >\"$(printf 'a\\377')\"", ""),
    "a program for nbgrader": (
        "entry mal '{t}'; notebook mine >$N; echo 'raise SystemExit(1)' >nbgrader_config.py; mkdir source",
        "",
    ),
    "no time": ("entry mal yesterday; notebook mine >$N", "no time"),
    "a day that is not": ("entry mal '2026-02-30 11:00:00.000000 UTC'; notebook mine >$N", "no time"),
    "an hour that is not": ("entry mal '2026-01-05 25:00:00.000000 UTC'; notebook mine >$N", "no time"),
    "a zone that is two": ("entry mal '2026-01-05 11:00:00.000000 PST'; notebook mine >$N", "no time"),
    "a time with another zero": ("entry mal '２０26-01-05 11:00:00.000000 UTC'; notebook mine >$N", "no time"),
    "the year 9999": ("entry mal '9999-12-31 23:59:59.999999 -0100'; notebook mine >$N", "no time"),
    "an empty folder": ("entry mal '{t}'", "nothing was handed in"),
    "two notebooks that differ": (
        "entry mal '{t}'; notebook one >\"$L (1).ipynb\"; notebook two >$L-Copy1.ipynb",
        "differ",
    ),
    "a folder in the place of the notebook": ("entry mal '{t}'; mkdir $N; echo >$N/x", "no notebook"),
}


@pytest.mark.parametrize("attack", ALONE)
def test_an_attack_costs_only_who_made_it(machine: SharedMachine, attack: str) -> None:
    script, why = ALONE[attack]
    machine.as_user(MAL, script.format(t=ELEVEN, ten=TEN, l=LESSON))
    came = machine.collect()
    assert machine.answers() == {HONEST: "right", **({} if why else {MAL: "mine"})}
    assert came.new == ([HONEST] if why else [HONEST, MAL])
    assert set(came.odd) == ({MAL} if why else set())
    assert why in " ".join(came.odd.get(MAL, []))
    assert all(note.isprintable() for notes in came.odd.values() for note in notes)
    assert open_workspace(machine.root / "submitted" / MAL / LESSON if not why else machine.root).root == machine.root


# Ids that are not honest's, and must never be taken for it, or for everybody.
IDS = [
    *("*", "hones?", "[h]onest", "honest ", " honest", "Honest", "..", ".", "{{honest}}", "%%s", "-h"),
    *("honest\\n", "h\\303\\262nest", "honest\\342\\200\\216", "honest\\033[1A"),
]


@pytest.mark.parametrize("student", IDS)
def test_an_id_is_one_of_the_roster_or_nobody_s(machine: SharedMachine, student: str) -> None:
    script = f"""WHO=$(printf -- '{student}'_); WHO=${{WHO%_}}; entry "$WHO" '{ELEVEN}'; notebook wrong >$N"""
    machine.as_user(MAL, script)
    came = machine.collect()
    assert machine.answers() == {HONEST: "right"} and came.new == [HONEST]
    ((claimed, notes),) = came.odd.items()
    assert claimed != HONEST and "no learner of the roster" in notes[0] and notes[0].isprintable()


def test_another_user_s_later_hand_in_under_an_honest_id_is_told_and_not_taken(machine: SharedMachine) -> None:
    machine.hands_in(MAL, "wrong", ELEVEN, student=HONEST)
    came = machine.collect()
    assert machine.answers() == {HONEST: "right"}
    assert "belongs to the user mal, not to honest" in came.odd[HONEST][0]
    assert machine.collect().new == [] and machine.answers() == {HONEST: "right"}, "nor later"


def test_a_friend_who_hands_in_for_somebody_gives_no_marks(machine: SharedMachine) -> None:
    machine.hands_in(HONEST, "right", NINE, student=MAL)
    came = machine.collect()
    assert machine.answers() == {HONEST: "right"} and "not to mal" in came.odd[MAL][0]


def test_a_login_that_is_not_the_id_stands_in_the_roster(machine: SharedMachine) -> None:
    machine.hands_in(MAL, "mine", ELEVEN, student="m-17")
    machine.roster = (*machine.roster, collecting.Learner("m-17", user=MAL))
    assert machine.collect().new == [HONEST, "m-17"]
    assert machine.answers() == {HONEST: "right", "m-17": "mine"}


def test_files_that_another_user_adds_to_a_hand_in_are_left_out(machine: SharedMachine) -> None:
    machine.as_user(MAL, f"cd 'inbound/honest+{LESSON}+{TEN}+x'; echo mine >Dockerfile; mkdir d; echo >d/f")
    assert machine.collect().odd == {}
    assert set(machine.submitted()) == {f"{HONEST}/{LESSON}/{name}" for name in (NOTEBOOK, "timestamp.txt")}


def test_a_notebook_that_another_user_puts_in_the_place_of_the_first_is_not_taken(machine: SharedMachine) -> None:
    machine.as_user(MAL, f"cd 'inbound/honest+{LESSON}+{TEN}+x'; mv $N $N.old; notebook wrong >$N")
    machine.collect()
    assert set(machine.submitted()) == {f"{HONEST}/{LESSON}/{name}" for name in (f"{NOTEBOOK}.old", "timestamp.txt")}


def test_a_hand_in_that_another_user_emptied_is_told(machine: SharedMachine) -> None:
    machine.as_user(MAL, f"rm -r 'inbound/honest+{LESSON}+{TEN}+x'/*")
    came = machine.collect()
    assert machine.submitted() == {} and "nothing was handed in" in came.odd[HONEST][0]


@pytest.mark.parametrize(
    "deed",
    [
        f"cd inbound; mv 'honest+{LESSON}+{TEN}+x' elsewhere",
        "mv ../slipway ../other",
        "mv inbound other",
        "ln -sfn /etc ../slipway/inbound/../../slipway2 && mv -T ../slipway2 ../slipway",
    ],
)
def test_nobody_moves_what_is_not_theirs(machine: SharedMachine, deed: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        machine.as_user(MAL, deed)
    assert machine.collect().new == [HONEST] and machine.answers() == {HONEST: "right"}


def test_an_inbound_folder_that_became_a_link_is_refused(machine: SharedMachine) -> None:
    shutil.move(machine.inbound, machine.root / "moved")
    machine.inbound.symlink_to(machine.root / "moved")
    with pytest.raises(collecting.NotAFolder, match="a link"):
        machine.collect()
    assert machine.submitted() == {}


def test_a_later_hand_in_that_cannot_be_graded_leaves_the_earlier_one(machine: SharedMachine) -> None:
    machine.collect()
    machine.as_user(HONEST, f"entry honest '{ELEVEN}'; echo essay >essay.pdf")
    for _ in range(2):
        came = machine.collect()
        assert machine.answers() == {HONEST: "right"} and came.new == []
        assert "no notebook was handed in" in came.odd[HONEST][0] and ELEVEN in came.odd[HONEST][0]


def test_the_time_of_a_hand_in_is_that_of_its_name(machine: SharedMachine) -> None:
    machine.as_user(MAL, f"entry mal '{ELEVEN}'; notebook mine >$N; echo '2020-01-01 00:00:00 UTC' >timestamp.txt")
    machine.collect()
    assert machine.submitted()[f"{MAL}/{LESSON}/timestamp.txt"].decode() == ELEVEN


def test_many_hand_ins_are_a_few_rows(machine: SharedMachine) -> None:
    machine.as_user(MAL, f'cd inbound; for i in $(seq 300); do mkdir "nobody$i+$L+{TEN}+x" "mal+$L+{TEN}+$i"; done')
    came = machine.collect()
    assert machine.answers() == {HONEST: "right"}
    assert len(came.odd[MAL]) == collecting.MOST_TRIES + 1
    assert len(came.odd) == collecting.MOST_ODD + 2 and came.odd["user mal"] == [
        f"{300 - collecting.MOST_ODD} more hand-ins for ids that the roster has not."
    ]


def test_what_was_collected_is_not_collected_again(machine: SharedMachine) -> None:
    assert machine.collect().new == [HONEST]
    mark = machine.root / "submitted" / HONEST / LESSON / "note-of-the-instructor"
    mark.touch(mode=0o644)
    assert machine.collect().new == [] and mark.exists()
    machine.hands_in(HONEST, "better", ELEVEN)
    assert machine.collect().new == [HONEST] and machine.answers() == {HONEST: "better"} and not mark.exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_comes_between_the_look_and_the_copy_brings_nothing(machine: SharedMachine, kind: str) -> None:
    target = {"file": "$SOURCE", "folder": "${SOURCE%/*}"}[kind]
    real = {"file": "echo mine >real", "folder": "mkdir real; echo mine >real/f"}[kind]
    machine.as_user(MAL, f"entry mal '{ELEVEN}'; notebook mine >$N; {real}; ln -s {target} link; cp -r real keep")
    entry = machine.inbound / f"mal+{LESSON}+{ELEVEN}+x"
    flip = 'cd "$0"; while :; do mv -T real turn; mv -T link real; mv -T real link; mv -T turn real; done'
    with subprocess.Popen(["sh", "-c", flip, str(entry)], user=MAL, group=MAL, stderr=subprocess.DEVNULL) as flipping:
        seen = set()
        for _ in range(400):
            files = read_entry(machine.inbound, entry.name, only_its_owner=True).files
            seen.add("real" in files or "real/f" in files)
            assert not any(SECRET.encode() in content for content in files.values())
        flipping.kill()
    assert True in seen, "the file itself was met at least once"


def test_nothing_is_left_of_collecting(machine: SharedMachine) -> None:
    machine.collect()
    assert os.listdir(machine.root / ".grader" / "incoming") == []  # noqa: PTH208  # names are all that is asked
