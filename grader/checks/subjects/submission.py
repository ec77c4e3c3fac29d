"""What can be asked about a value that a learner's cells left, as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from grader.checks import named
from grader.checks.bench import current
from grader.checks.check import Check
from grader.checks.questions import values
from grader.checks.subjects.container import Container
from grader.checks.subjects.image import Image
from grader.checks.subjects.naming import ask


class Value(named.Value):
    """One value by its name. No message of its checks shows the right answer."""

    def there(self, kind: type | None = None) -> Check:
        """There is such a value, of this JSON type (str, int, float, bool, list, dict) where one is given."""
        return ask("submission.there", partial(values.there, self, kind), name=self.name)

    def equals(self, wanted: Any) -> Check:
        """It equals this. Numbers and texts are compared strictly: `"3"` is not `3`, `True` is not `1`."""
        return ask("submission.equals", partial(values.equals, self, wanted), name=self.name)

    def one_of(self, wanted: Iterable[Any]) -> Check:
        """It is one of these."""
        return ask("submission.one_of", partial(values.one_of, self, tuple(wanted)), name=self.name)

    def contains(self, *wanted: str) -> Check:
        """The text holds all of these words, in any case of letters."""
        return ask("submission.contains", partial(values.contains, self, wanted), name=self.name)

    def length(self, at_least: int = 1) -> Check:
        """The text or list is at least so long: for answers in the learner's own words."""
        return ask("submission.length", partial(values.length, self, at_least), name=self.name)

    def id_of(self, subject: Image | Container) -> Check:
        """It is the id of this image or container, in full or its first 12 digits or more."""
        return ask("submission.id_of", partial(values.id_of, self, subject), name=self.name)


class Submission:
    """The learner's values: `checks.submission()["answer"]`."""

    def __getitem__(self, name: str) -> Value:
        """The value of this name, to ask about."""
        return Value(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The value itself as plain JSON, or the default when it is not there or cannot be written as JSON."""
        fetched = values.fetch(current(), name)
        return fetched.value if fetched.there else default
