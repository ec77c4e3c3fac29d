"""Which policy a session gets, and who decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.gateway.errors import GatewayError
from course.gateway.ledger import Ledger, SessionRow
from course.gateway.policy.choice import default, given
from course.gateway.policy.limits import CLASS, GRADING, OWN, POLICIES, TRUSTED


def test_a_session_on_ones_own_machine_is_own() -> None:
    assert default({}) is OWN
    assert given("", {}) is OWN


def test_where_class_is_configured_it_is_what_sessions_get() -> None:
    assert given("", {"SLIPWAY_POLICY": "class"}) is CLASS


@pytest.mark.parametrize("environment", [{}, {"SLIPWAY_POLICY": "class"}])
def test_a_stricter_policy_may_be_asked_for(environment: dict[str, str]) -> None:
    assert [given(name, environment) for name in ("class", "grading", "trusted")] == [CLASS, GRADING, TRUSTED]


def test_a_weaker_one_may_not() -> None:
    with pytest.raises(GatewayError, match="SLIPWAY_POLICY decides here"):
        given("own", {"SLIPWAY_POLICY": "class"})


@pytest.mark.parametrize("value", ["grading", "trusted", "OWN", "none"])
def test_another_value_of_the_setting_opens_no_session(value: str) -> None:
    with pytest.raises(GatewayError, match="own or class"):
        given("", {"SLIPWAY_POLICY": value})


def test_an_unknown_policy_is_told_with_those_that_there_are() -> None:
    with pytest.raises(GatewayError, match="own, class, grading, trusted"):
        given("none", {})


def test_the_former_name_is_class(tmp_path: Path) -> None:
    assert given("learner", {}) is CLASS
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.add_session(SessionRow("a" * 12, "n", "learner", "a" * 12, 1.0))
    assert [row.policy for row in ledger.sessions()] == ["class"]
    ledger.close()


def test_only_own_lets_something_out_of_the_session() -> None:
    loose = {name: (p.registries, p.fixed_ports, p.binds, p.as_engine) for name, p in POLICIES.items()}
    wall = ((), False, False, False)
    assert loose == {"own": (("*",), True, True, True), "class": wall, "grading": wall, "trusted": wall}
