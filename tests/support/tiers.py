"""The three tiers, by what a test's fixtures bring: nothing is marked by hand.

- pure: no engine, no notebook server, no browser.
- engine: a real engine.
- proof: lessons on an engine, browsers, the same marks as stock nbgrader, killed classes and gateways, bare machines.

`--run check` selects the pure tier, `--run test` that and the engine tier with the proofs that are due
(`proven.py`), `--run proof` everything; without the option everything that pytest was given runs.
"""

from __future__ import annotations

import re

import pytest
from proven import Ledger

PROOF = frozenset(
    {
        "chromium",  # a browser
        "lab_url",  # JupyterLab as `make lab` starts it
        "proven",  # answers of a lesson
        "session_env",  # a lesson from top to bottom in a learner's session
        "grading_env",  # the same in a graded one
        "on_engine",  # lessons on the other engines of the matrix
        "documented",  # whether each of the documentation's commands has a test
        "terminal",  # those commands, one after the other
        "foreign_url",  # lessons on an engine that is not of this machine
        "bases_from_a_registry",  # lessons on base images like the official ones
        "stock_nbgrader",  # the same marks as stock nbgrader
        "school",  # kill -9 of a class run and what it uses
        "keeper",  # kill -9 of gateways
        "own_world",  # the attacks on sessions of the policy `own`
        "built_by_buildkit",  # the attacks on builds by BuildKit
        "with_both_builders",  # which of them a build gets
        "todays_docker",  # the docker command, buildx and Compose of today
        "docker_py",  # docker-py's own integration suite
        "bare_machine",  # a machine without an engine
        "podman_url",  # Podman, refused
        "outside",  # Debian's packages: base images, installed and built
    }
)
ENGINE = frozenset({"each_engine_url", "engine", "both", "each_bench", "spare_engine"})
_ENGINE_URL = re.compile(r"engine\d*(_containerd)?_url")  # of the matrix
PROCESSES = frozenset({"kernel", "house", "made_once", "small_lesson", "course_of_one", "server", "warm", "home"})
"""Fixtures that start kernels, servers or whole gradings: no engine, and yet nothing for a check before each commit."""
CHOICES = ("check", "test", "proof")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--run`."""
    group = parser.getgroup("slipway")
    group.addoption("--run", choices=CHOICES, default="proof", help="which tiers: check, test (what CI runs), or proof")
    group.addoption("--record", action="store_true", help="keep which proofs passed, beside the answers")


def tier_of(item: pytest.Item) -> str:
    """The tier of a test: that of the heaviest fixture that it uses."""
    params = getattr(getattr(item, "callspec", None), "params", {}).values()
    named = {value for value in params if isinstance(value, str)}  # a fixture that a parameter names
    used = named.union(getattr(item, "fixturenames", ()))
    if used & PROOF:
        return "proof"
    return "engine" if used & (ENGINE | PROCESSES) or any(map(_ENGINE_URL.fullmatch, used)) else "pure"


def select(config: pytest.Config, items: list[pytest.Item], ledger: Ledger) -> None:
    """Mark each test with its tier, and leave out those that this run doesn't ask for."""
    run = config.getoption("--run")
    kept, left = [], []
    for item in items:
        tier = tier_of(item)
        item.add_marker(tier)
        wanted = run == "proof" or tier == "pure" or (run == "test" and (tier == "engine" or ledger.is_due(item)))
        (kept if wanted else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept
