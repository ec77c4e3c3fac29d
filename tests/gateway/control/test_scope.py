"""The scope: names before ids, own prefixes only, quotas, and everything again after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from course.gateway.bases import Bases
from course.gateway.ledger import Ledger, SessionRow
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope, canonical, new_sid, owner

A, B, C = "ab" * 32, "abcd" + "e" * 60, "c" * 64
IMAGE, BASE = "sha256:" + "1" * 64, "sha256:" + "2" * 64
Make = Callable[..., Scope]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    ledgers = ExitStack()
    siblings: dict[str, Scope] = {}
    bases = Bases()
    bases.replace({"course/busybox:latest": BASE})

    def scope(sid: str = "a" * 12, *, policy: str = "class", family: str = "", again: bool = False) -> Scope:
        ledger = ledgers.enter_context(closing(Ledger(tmp_path / "ledger.db")))
        row = SessionRow(sid, f"session-{sid}", policy, family or sid, 1.0)
        if not again:
            ledger.add_session(row)
        siblings[sid] = Scope(row, ledger, bases, siblings, "0-test", "/slipway/x")
        return siblings[sid]

    with ledgers:
        yield scope


def test_a_name_wins_over_an_id_prefix(make: Make) -> None:
    scope = make()
    scope.add_container(A, "web")
    scope.add_container(C, A[:12])
    assert scope.container(A[:12]) == C
    assert scope.container(A) == A
    assert scope.container("/web") == A


def test_a_prefix_counts_only_when_one_own_object_has_it(make: Make) -> None:
    scope = make()
    scope.add_container(A, "one")
    scope.add_container(B, "two")
    assert scope.container("abc") == B
    for ref in ("ab", "abce", "", "/"):
        with pytest.raises(Refusal) as refusal:
            scope.container(ref)
        assert refusal.value.status == 404


def test_what_another_session_has_does_not_exist(make: Make) -> None:
    own, other = make("a" * 12), make("b" * 12)
    other.add_container(A, "web")
    other.add_network(B, "net")
    other.add_volume("sw-bbbbbbbbbbbb--data", "data")
    other.add_image(IMAGE)
    other.add_tag("shop:1", IMAGE)
    other.add_exec(C, A)
    lookups = [(own.container, ("web", A, A[:12])), (own.network, ("net", B)), (own.exec_instance, (C,))]
    lookups += [(own.volume, ("data", "sw-bbbbbbbbbbbb--data")), (own.image, ("shop:1", IMAGE, "111111111111"))]
    for look, refs in lookups:
        for ref in refs:
            with pytest.raises(Refusal) as refusal:
                look(ref)
            assert refusal.value.status == 404
    assert own.container_name(A) is None
    assert own.image_tags(IMAGE) == ()


@pytest.mark.parametrize("ref", ["shop", "shop:latest", "docker.io/library/shop", "docker.io/shop:latest"])
def test_an_image_is_found_under_each_spelling(make: Make, ref: str) -> None:
    scope = make()
    scope.add_image(IMAGE, size=5)
    scope.add_tag("shop", IMAGE)
    assert scope.image(ref) == IMAGE
    assert scope.image_tags(IMAGE) == ("shop:latest",)


def test_base_images_are_visible_and_never_own(make: Make) -> None:
    scope = make()
    assert scope.image("course/busybox") == BASE == scope.image("222222222222")
    scope.add_image(BASE)
    scope.add_tag("mine:1", BASE)
    assert scope.images() == frozenset()
    assert scope.image_tags(BASE) == ("course/busybox:latest", "mine:1")


def test_digests_name_images(make: Make) -> None:
    scope = make()
    digest = "localhost:5000/shop@sha256:" + "3" * 64
    scope.add_image(IMAGE)
    scope.add_digest(digest, IMAGE)
    assert scope.image(digest) == IMAGE
    assert scope.image("localhost:5000/shop:1@sha256:" + "3" * 64) == IMAGE
    assert scope.image_digests(IMAGE) == (digest,)


def test_everything_is_known_again_after_a_crash(make: Make) -> None:
    scope = make()
    scope.add_container(A, "web")
    scope.rename_container(A, "shop")
    scope.add_exec(C, A)
    scope.add_network(B, "bridge")
    scope.add_volume("v" * 64, "v" * 64, anonymous=True)
    scope.add_image(IMAGE, size=7)
    scope.add_tag("shop:1", IMAGE)
    scope.add_leftovers([BASE, "sha256:4"])
    again = make(again=True)
    assert repr(again) == repr(scope)
    assert again.container("shop") == A
    assert again.exec_container(C) == A
    assert again.network("default") == B
    assert again.leftovers() == {"sha256:4"}
    assert again.used("bytes_written") == 7


def test_a_removed_container_takes_its_execs_along(make: Make) -> None:
    scope = make()
    scope.add_container(A, "web")
    scope.add_exec(C, A)
    scope.remove_container(A)
    with pytest.raises(Refusal):
        scope.exec_instance(C)
    assert make(again=True).exec_container(C) is None


def test_a_full_quota_is_refused_by_name(make: Make) -> None:
    scope = make()
    for number in range(scope.policy.limits.networks):
        scope.add_network(f"{number:064x}", f"net{number}")
    with pytest.raises(Refusal, match="quota of networks is 8"):
        scope.charge("networks")
    scope.remove_network(f"{0:064x}")
    scope.charge("networks")


def test_published_ports_count_until_their_container_is_gone(make: Make) -> None:
    scope = make()
    scope.add_container(A, "web", ports=32)
    for number in range(7):
        scope.add_container(f"{number:064x}", f"more{number}", ports=32)
    again = make(again=True)
    for one in (scope, again):
        with pytest.raises(Refusal, match="quota of published ports is 256"):
            one.charge("ports")
        one.charge("ports", 0)
    again.remove_container(A)
    again.charge("ports", 32)


def test_the_default_network_is_not_counted(make: Make) -> None:
    scope = make()
    scope.add_network(A, "bridge")
    assert scope.used("networks") == 0


def test_a_place_is_held_while_the_work_is_under_way(make: Make) -> None:
    scope = make()
    with scope.charge("builds"), scope.charge("builds"), pytest.raises(Refusal, match="builds at once is 2"):
        scope.charge("builds")
    scope.charge("builds")
    assert scope.used("builds") == 0


def test_bytes_are_counted_from_layers_volumes_and_images(make: Make) -> None:
    scope = make()
    scope.measured(3 * 1024**3)
    scope.add_image(IMAGE, size=1024**3)
    with pytest.raises(Refusal) as refusal:
        scope.charge("bytes_written", 1024**2)
    assert "bytes written is 4096 MiB: 4096 MiB are used and 1 MiB more" in refusal.value.message


def test_a_family_is_the_sessions_of_one_learner(make: Make) -> None:
    head, other = make("a" * 12), make("b" * 12)
    machine = make("c" * 12, family="a" * 12)
    assert set(head.family()) == {head, machine} == set(machine.family())
    assert other.family() == (other,)


def test_ids_of_sessions_are_never_numbers() -> None:
    for sid in {new_sid() for _ in range(200)}:
        assert len(sid) == 12
        assert sid[0] in "abcdef"
        int(sid, 16)


def test_owners_differ_by_state_folder(tmp_path: Path) -> None:
    assert owner(tmp_path / "a") != owner(tmp_path / "b")
    assert owner(tmp_path / "a") == owner(tmp_path / "x" / ".." / "a")


def test_a_ledger_that_two_threads_write_loses_nothing(tmp_path: Path) -> None:
    ledgers = [Ledger(tmp_path / "ledger.db") for _ in range(2)]
    ledgers[0].add_session(SessionRow("a" * 12, "n", "class", "a" * 12, 1.0))
    threads = [
        threading.Thread(target=lambda k=k: [ledgers[k].put("a" * 12, "tag", f"{k}-{n}") for n in range(50)])
        for k in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(ledgers[0].entries("a" * 12))) == 100
    ledgers[0].drop_session("a" * 12)
    assert list(ledgers[1].entries("a" * 12)) == []
    for ledger in ledgers:
        ledger.close()


def test_a_canonical_name_is_its_own_canonical_name() -> None:
    for ref in ("shop", "a/b:1", "localhost:5000/x", "example.org/library/y:2", "index.docker.io/z"):
        assert canonical(canonical(ref)) == canonical(ref)


def test_a_quota_warns_before_its_end_where_the_policy_does(make: Make) -> None:
    own, wall = make(policy="own"), make("b" * 12)
    for number in range(90):
        own.add_network(f"{number:064x}", f"net{number}")
        assert own.near_the_end("networks") == (
            [
                "90 of the session's 100 networks are used. Remove what you no longer need: the reset() cell "
                "of a lesson removes all that it made, network.remove() one of them"
            ]
            if number == 89
            else []
        )
    for number in range(8):
        wall.add_network(f"{number:064x}", f"net{number}")
    assert wall.near_the_end("networks") == []
