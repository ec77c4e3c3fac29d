"""How many are examined at once: as many as can be taken, fewer after faults, more again after none."""

from __future__ import annotations

from grader.classroom.pace import MEMORY_EACH, Pace

PLENTY = 100 * MEMORY_EACH


def test_a_fault_halves_the_pace_and_success_brings_it_back() -> None:
    pace = Pace(8, free=lambda: PLENTY)
    assert (pace.limit, pace.has_room(7), pace.has_room(8)) == (8, True, False)
    pace.went_wrong()
    pace.went_wrong()
    assert (pace.limit, pace.has_room(2)) == (2, False)
    for _ in range(50):
        pace.went_well()
    assert pace.limit == 8


def test_one_is_always_examined() -> None:
    pace = Pace(4, free=lambda: 0)
    for _ in range(20):
        pace.went_wrong()
    assert (pace.limit, pace.has_room(0), pace.has_room(1)) == (1, True, False)


def test_nothing_new_starts_while_memory_is_short() -> None:
    free = [0]
    pace = Pace(4, free=lambda: free[0])
    assert not pace.has_room(1)
    free[0] = PLENTY
    assert pace.has_room(1)


def test_workers_that_come_or_go_move_the_bound() -> None:
    pace = Pace(2, free=None)
    pace.most = 1
    assert not pace.has_room(1)
    pace.most = 6
    for _ in range(50):
        pace.went_well()
    assert pace.limit == 6
