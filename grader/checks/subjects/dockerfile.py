"""What can be asked about a Dockerfile and the folder it is built from."""

from __future__ import annotations

from functools import partial

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import advice, building, instructions, rebuilding
from grader.checks.subjects.image import Image
from grader.checks.subjects.naming import ask
from grader.checks.text import Wanted


class Dockerfile(named.Dockerfile):
    """A Dockerfile of the learner's."""

    @property
    def built(self) -> Image:
        """The image that it gives: built once for all checks of an exercise, removed after them."""
        return Image(str(self.path), self.machine, built=self.source)

    def exists(self) -> Check:
        """There is a Dockerfile with at least one instruction."""
        return ask("dockerfile.exists", partial(instructions.exists, self), path=self.path)

    def builds(self, within: float = 120.0) -> Check:
        """It builds within so many seconds."""
        return ask("dockerfile.builds", partial(building.builds, self, within), path=self.path)

    def starts_from(self, base: str) -> Check:
        """The last stage's FROM, followed through the stages, names this image."""
        return ask("dockerfile.starts_from", partial(instructions.starts_from, self, base), path=self.path, base=base)

    def has(self, instruction: str, wanted: Wanted | None = None) -> Check:
        """It has this instruction, with this text in it where one is given."""
        return ask(
            "dockerfile.has",
            partial(instructions.has, self, instruction, wanted),
            path=self.path,
            instruction=instruction,
        )

    def lacks(self, instruction: str, unwanted: Wanted | None = None) -> Check:
        """It does not have this instruction, or not with this text in it."""
        return ask(
            "dockerfile.lacks",
            partial(instructions.lacks, self, instruction, unwanted),
            path=self.path,
            instruction=instruction,
        )

    def exec_form(self, instruction: str = "CMD") -> Check:
        """The last CMD, ENTRYPOINT or the like is written in exec form: a JSON list."""
        return ask(
            "dockerfile.exec_form",
            partial(instructions.exec_form, self, instruction),
            path=self.path,
            instruction=instruction,
        )

    def order(self, first: tuple[str, Wanted], then: tuple[str, Wanted]) -> Check:
        """An instruction with its text, such as `("COPY", "requirements.txt")`, stands before another."""
        return ask("dockerfile.order", partial(instructions.order, self, first, then), path=self.path)

    def stages(self, at_least: int = 2) -> Check:
        """It has at least so many stages."""
        return ask("dockerfile.stages", partial(instructions.stages, self, at_least), path=self.path)

    def ignores(self, *files: str) -> Check:
        """.dockerignore keeps these files of the folder out of what is sent to the engine."""
        return ask(
            "dockerfile.ignores", partial(instructions.ignores, self, files), path=self.path, files=", ".join(files)
        )

    def reuses_cache(self, after_changing: str, instruction: str = "RUN", within: float = 240.0) -> Check:
        """After a change of one file, a second build takes every such instruction from the cache.

        Args:
            after_changing: a file in the context; a line is added to a copy of it.
            instruction: the instructions that must not run again, such as `RUN`, or `RUN` with text: `RUN pip install`.
            within: seconds for both builds together.
        """
        question = partial(rebuilding.reuses, self, after_changing, instruction, within)
        return ask("dockerfile.reuses_cache", question, path=self.path, file=after_changing, instruction=instruction)

    def lint(self) -> Check:
        """What hadolint advises. Shown, never counted."""
        return ask("dockerfile.lint", partial(advice.lint, self), path=self.path).advice()
