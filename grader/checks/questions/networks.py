"""Questions about networks."""

from __future__ import annotations

from course.lesson.belongings import key_of
from grader.checks.check import failed, not_attempted
from grader.checks.finding import container_names
from grader.checks.found import inspect
from grader.checks.lessons import maker, must_be_own
from grader.checks.named import Network
from grader.checks.questions.past import deeds
from grader.checks.trial import Trial


def exists(network: Network, trial: Trial) -> str:
    """It is there."""
    _find(trial, network)
    return "it is there"


def connects(network: Network, containers: tuple[str, ...], trial: Trial) -> str:
    """All these containers run and are attached to it.

    Containers that stand elsewhere because the network was never made are a mistake to speak of, not work left undone.
    """
    there = set(container_names(trial, network.machine))
    if not there.issuperset(containers):
        _find(trial, network)
    for name in containers:
        if name not in there:
            raise not_attempted("container.absent", container=name)
        seen = inspect(trial, name, network.machine)
        ends = (seen.attrs.get("NetworkSettings") or {}).get("Networks") or {}
        if network.name not in ends:
            on = ", ".join(sorted(ends)) or "none"
            raise failed("container.other_network", container=name, network=network.name, seen=on)
        if not seen.fact.running:
            raise failed("container.not_running", container=name, status=seen.fact.status)
    return f"{len(containers)} containers are attached"


def removed(network: Network, trial: Trial) -> str:
    """It was made, and it is gone."""
    key = _keys(trial, network.machine).get(network.name)
    if key is not None and not maker(trial, key, network.machine):
        raise not_attempted("network.still_there", network=network.name)
    if not any(deed.kind == "network" and deed.name == network.name for deed in deeds(trial, network.machine)):
        raise not_attempted("network.absent", network=network.name)
    return "made, and gone"


def _find(trial: Trial, network: Network) -> None:
    keys = _keys(trial, network.machine)
    if network.name not in keys:
        raise not_attempted("network.absent", network=network.name)
    must_be_own(trial, "network.of_lesson", network.name, keys[network.name], network.machine)


def _keys(trial: Trial, machine: str) -> dict[str, str]:
    """What stands for each network in the note of who made what, by name."""
    return {entry["Name"]: key_of("network", entry["Id"]) for entry in trial.client(machine).api.networks()}
