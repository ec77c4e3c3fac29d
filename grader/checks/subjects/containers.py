"""What can be asked about several containers at once."""

from __future__ import annotations

from functools import partial

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import fleet, isolation
from grader.checks.subjects.naming import ask


class Containers(named.Containers):
    """Several containers of the learner's."""

    def running(self, count: int | None = None, at_least: int = 1) -> Check:
        """Exactly `count` of them are running, or at least so many."""
        return ask("containers.running", partial(fleet.running, self, count, at_least), group=self.words)

    def exist(self, count: int | None = None, at_least: int = 1) -> Check:
        """Exactly `count` of them exist, in whatever state, or at least so many."""
        return ask("containers.exist", partial(fleet.exist, self, count, at_least), group=self.words)

    def one_image(self, at_least: int = 2) -> Check:
        """At least so many exist, and one image id is behind all of them."""
        return ask("containers.one_image", partial(fleet.one_image, self, at_least), group=self.words)

    def distinct_answers(self, at_least: int = 2, path: str = "/", *, port: int, within: float = 20.0) -> Check:
        """The running ones all answer over HTTP, with at least so many different bodies."""
        question = partial(fleet.distinct_answers, self, at_least, path, port, within)
        return ask("containers.distinct_answers", question, group=self.words)

    def distinct_files(self, path: str, at_least: int = 2) -> Check:
        """Each has its own content in this file."""
        return ask(
            "containers.distinct_files",
            partial(fleet.distinct_files, self, path, at_least),
            group=self.words,
            path=path,
        )

    def survive_a_kill(self, at_least: int = 2, path: str = "/", *, port: int, within: float = 20.0) -> Check:
        """One is killed, the rest still answer over HTTP. The killed one is started again afterwards."""
        question = partial(fleet.survive_a_kill, self, at_least, path, port, within)
        return ask("containers.survive_a_kill", question, group=self.words)

    def isolated(self, folder: str = "/tmp") -> Check:
        """A file written in one is absent in all others, and their image is unchanged."""
        return ask("containers.isolated", partial(isolation.of_fleet, self, folder), group=self.words)

    def none_left(self) -> Check:
        """There were some, and none is left."""
        return ask("containers.none_left", partial(fleet.none_left, self), group=self.words)
