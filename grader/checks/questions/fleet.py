"""Questions about several containers behind one image."""

from __future__ import annotations

from grader.checks import starting
from grader.checks.check import failed, not_attempted
from grader.checks.finding import find_image
from grader.checks.found import FoundContainer, inspect
from grader.checks.lessons import maker
from grader.checks.named import Containers
from grader.checks.polling import looks, until
from grader.checks.questions import serving
from grader.checks.questions.files import read_text
from grader.checks.questions.past import TOUCHES, deeds
from grader.checks.trial import Trial

STEADY = 2.0  # seconds that the rest must go on serving: one that hangs on another notices after a moment


def members(trial: Trial, group: Containers) -> list[FoundContainer]:
    """The containers of the group that this lesson made and that are there, in the order of their names."""
    from docker.errors import NotFound

    image_id = find_image(trial, group.image).id if group.image is not None else None
    filters = {"label": group.label} if group.label is not None else {}
    found = []
    for entry in trial.client(group.machine).api.containers(all=True, filters=filters):
        try:
            seen = inspect(trial, entry["Id"], group.machine)
        except NotFound:  # removed between the two calls
            continue
        if image_id is not None and seen.fact.image_id != image_id:
            continue
        ours = not maker(trial, f"container:{seen.id}", group.machine)
        if ours and (not group.names or seen.fact.name in group.names):
            found.append(seen)
    return sorted(found, key=lambda each: each.fact.name)


def running(group: Containers, count: int | None, at_least: int, trial: Trial) -> str:
    """So many are running."""
    there = members(trial, group)
    up = [each for each in there if each.fact.status == "running"]
    return _counted(group, "containers.other_running", len(up), len(there), count, at_least)


def exist(group: Containers, count: int | None, at_least: int, trial: Trial) -> str:
    """So many exist."""
    there = members(trial, group)
    return _counted(group, "containers.other_number", len(there), len(there), count, at_least)


def one_image(group: Containers, at_least: int, trial: Trial) -> str:
    """One image id is behind all."""
    there = members(trial, group)
    if not there:
        raise not_attempted("containers.none", group=group.words)
    ids = {each.fact.image_id for each in there}
    if len(ids) != 1:
        seen = ", ".join(f"{each.fact.name} from {each.fact.image}" for each in there)
        raise failed("containers.several_images", group=group.words, count=len(ids), seen=seen)
    if len(there) < at_least:
        raise failed(
            "containers.other_number", group=group.words, seen=len(there), wanted=f"at least {at_least}", all=len(there)
        )
    return f"{len(there)} containers, one image"


def distinct_answers(group: Containers, at_least: int, path: str, port: int, within: float, trial: Trial) -> str:
    """All answer, and the answers differ."""
    answers = {each.fact.name: _answer(trial, group, each, port, path, within) for each in _up(trial, group, at_least)}
    different = len(set(answers.values()))
    if different < at_least:
        shown = "; ".join(f"{name}: {body[:60]}" for name, body in answers.items())
        raise failed("containers.same_answers", group=group.words, different=different, wanted=at_least, seen=shown)
    return f"{different} different answers from {len(answers)} containers"


def distinct_files(group: Containers, path: str, at_least: int, trial: Trial) -> str:
    """The file is in each, and the contents differ."""
    there = members(trial, group)
    if not there:
        raise not_attempted("containers.none", group=group.words)
    texts = {each.fact.name: read_text(trial, each.id, path, group.machine) for each in there}
    without = [name for name, text in texts.items() if text is None]
    if without:
        raise failed("containers.file_absent", group=group.words, path=path, names=", ".join(without))
    different = len(set(texts.values()))
    if different < max(at_least, len(texts)):
        raise failed(
            "containers.same_files", group=group.words, path=path, different=different, wanted=max(at_least, len(texts))
        )
    return f"{different} different contents"


def survive_a_kill(group: Containers, at_least: int, path: str, port: int, within: float, trial: Trial) -> str:
    """One is killed; all others go on answering; the one is started again."""
    up = _up(trial, group, at_least)
    for each in up:
        _answer(trial, group, each, port, path, within)
    victim, rest = up[0], up[1:]
    api = trial.client(group.machine).api
    try:
        api.kill(victim.id)
        ended = until(lambda: True if not inspect(trial, victim.id, group.machine).fact.running else None, 5.0)
        for _left in looks(STEADY, 0.25):
            for each in rest:
                _still_answers(trial, group, each, port, path, within, victim.fact.name)
    finally:
        starting.start(trial, victim.id, group.machine)  # starting one that runs already changes nothing
    state = "was down" if ended else "came back by its restart policy"
    return f"{len(rest)} served while {victim.fact.name} {state}"


def none_left(group: Containers, trial: Trial) -> str:
    """There were some, and there are none. A group that was never made is not attempted."""
    there = members(trial, group)
    history = [deed for deed in deeds(trial, group.machine) if deed.kind == "container"]
    if there:
        tried = any(deed.action in TOUCHES for deed in history)
        answer = failed if tried else not_attempted
        raise answer("containers.left", group=group.words, seen=", ".join(each.fact.name for each in there))
    made = {deed.name for deed in history if deed.action == "create"}
    if not (made & set(group.names) if group.names else made):
        raise not_attempted("containers.none", group=group.words)
    return "none is left"


def _up(trial: Trial, group: Containers, at_least: int) -> list[FoundContainer]:
    there = members(trial, group)
    if not there:
        raise not_attempted("containers.none", group=group.words)
    up = [each for each in there if each.fact.status == "running"]
    if len(up) < at_least:
        raise failed(
            "containers.other_running", group=group.words, seen=len(up), wanted=f"at least {at_least}", all=len(there)
        )
    return up


def _counted(group: Containers, message_id: str, seen: int, there: int, count: int | None, at_least: int) -> str:
    wanted = f"exactly {count}" if count is not None else f"at least {at_least}"
    if there == 0 and count != 0:
        raise not_attempted("containers.none", group=group.words)
    if seen != count if count is not None else seen < at_least:
        raise failed(message_id, group=group.words, seen=seen, wanted=wanted, all=there)
    return f"{seen} of {there}"


def _answer(trial: Trial, group: Containers, container: FoundContainer, port: int, path: str, within: float) -> str:
    url = serving.address(container, port) + path
    answer = until(lambda: serving.fetch(url), within)
    if answer is not None and answer.status == 200:
        return answer.body
    said = f"status {answer.status}" if answer is not None else "no answer"
    raise failed("containers.no_answer", container=container.fact.name, port=port, seen=said)


def _still_answers(
    trial: Trial, group: Containers, container: FoundContainer, port: int, path: str, within: float, victim: str
) -> None:
    """A container that ends, or answers something other than 200, fell with the one that was killed."""
    url = serving.address(container, port) + path
    name, seen = container.fact.name, ""
    for _left in looks(within, 0.2):
        answer = serving.fetch(url)
        if answer is not None and answer.status == 200:
            return
        seen = f"status {answer.status}" if answer is not None else "no answer"
        now = inspect(trial, container.id, group.machine).fact
        if not now.running:
            raise failed("containers.fell_too", container=name, other=victim, seen=f"it ended with {now.exit_code}")
    raise failed("containers.fell_too", container=name, other=victim, seen=seen)
