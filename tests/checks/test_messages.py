"""The words of the checks: all there, all used, never a template for text from outside, never colour alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from string import Formatter

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from one_of_each import one_of_each

from grader import checks
from grader.checks import messages, vocabulary
from grader.checks.messages import LONGEST_FACT, message, plain

PACKAGE = Path(checks.__file__).parent
CODE = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
TABLE = tomllib.loads((PACKAGE / "messages.toml").read_text())


def test_every_check_has_a_title_and_every_title_a_check() -> None:
    assert {check.id for check in one_of_each()} == messages.check_ids()


@pytest.mark.parametrize("message_id", sorted(messages.message_ids()))
def test_every_message_is_used_and_has_three_sentences(message_id: str) -> None:
    assert f'"{message_id}"' in CODE, "no check answers with this message"
    entry = TABLE["message"][message_id]
    assert set(entry) == {"expected", "observed", "try_next"}
    assert all(entry.values())
    text = " ".join(entry.values())
    assert not re.search(r"\b(just|simply|easy|obviously)\b|n't\b", text)


def test_every_message_in_the_code_has_its_words() -> None:
    used = set(
        re.findall(
            r'(?:failed|not_attempted|could_not_check|answer|message|not_up|too_slow)\([^)"]*"([a-z]+\.[a-z_]+)"', CODE
        )
    )
    assert used <= messages.message_ids()
    assert len(used) > 100, "the pattern of this test no longer finds them"


def test_text_from_outside_is_inserted_once_and_escaped() -> None:
    nasty = "{image} {0.__class__} \x1b[31mred\x1b[0m \u202e \x00"
    said = message("image.absent", image=nasty)
    assert "{image} {0.__class__}" in said.expected
    assert "\x1b" not in said.expected and "\u202e" not in said.expected and "\x00" not in said.expected
    assert "\\x1b[31mred" in said.expected


def test_long_text_keeps_its_start_and_its_end() -> None:
    shown = plain("start" + "x" * 10_000_000 + "end")
    assert len(shown) <= LONGEST_FACT
    assert shown.startswith("start") and shown.endswith("end")


def test_a_message_without_its_facts_is_an_authors_mistake() -> None:
    with pytest.raises(KeyError):
        message("image.absent")
    with pytest.raises(KeyError):
        message("no.such.message")


def test_templates_hold_plain_names_only() -> None:
    for entry in TABLE["message"].values():
        for template in entry.values():
            for _text, field, spec, conversion in Formatter().parse(template):
                assert field is None or field.isidentifier(), template
                assert not spec and not conversion


def test_importing_the_checks_asks_no_engine_and_loads_no_client() -> None:
    code = (
        "import sys; from grader import checks; checks.container('web').exists(); "
        "print([m for m in ('docker', 'requests', 'IPython', 'aiohttp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_holds_the_vocabulary_as_it_is() -> None:
    readme = (PACKAGE / "README.md").read_text()
    assert vocabulary.table() in readme, "write it anew: python -m grader.checks.vocabulary"
