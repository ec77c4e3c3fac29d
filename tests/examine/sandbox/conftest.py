"""One session, one honest neighbour, and proof after each test that it still answers and that nothing stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_world import FILES, SMALL, traces

from course import gateway
from grader.examine.job import Budgets
from grader.examine.sandbox import SubmissionKernel, available
from grader.examine.sandbox.house import House


@pytest.fixture(scope="package", autouse=True)
def _sandbox() -> None:
    if not (can := available()):
        pytest.skip(f"no sandbox here: {can.observed}; {can.try_next}")


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


@pytest.fixture(scope="package")
def session(engine_url: str) -> Iterator[gateway.Session]:
    """The neighbour's."""
    with gateway.session("grading") as opened:
        yield opened


@pytest.fixture(scope="package")
def shared(session: gateway.Session, house: House) -> Iterator[SubmissionKernel]:
    """The neighbour: a kernel that every test leaves alive."""
    with SubmissionKernel(FILES, session, Budgets(), "zoe", within=house) as kernel:
        yield kernel


@pytest.fixture(scope="package")
def own_session(engine_url: str) -> Iterator[gateway.Session]:
    """The attackers'."""
    with gateway.session("grading") as opened:
        yield opened


@pytest.fixture(scope="module")
def target(own_session: gateway.Session, house: House) -> Iterator[SubmissionKernel]:
    """For attacks that it survives; it is small, so that its limits are soon met."""
    with SubmissionKernel(FILES, own_session, SMALL, "mallory", within=house) as kernel:
        yield kernel
        assert kernel.run("1", 60).status == "ok"


@pytest.fixture
def victim(own_session: gateway.Session, house: House) -> Iterator[SubmissionKernel]:
    """For an attack that ends it."""
    with SubmissionKernel(FILES, own_session, SMALL, "mallory", within=house) as kernel:
        yield kernel


@pytest.fixture
def contained(shared: SubmissionKernel, target: SubmissionKernel) -> Iterator[None]:
    """After the test there is no more of any sandbox than before, and the neighbour answers."""
    before = traces()
    yield
    left = traces() - before
    assert not left, f"this stayed behind: {left}"
    ran = shared.run("6 * 7", 60)
    assert (ran.status, ran.outputs[0]["data"]["text/plain"]) == ("ok", "42")
