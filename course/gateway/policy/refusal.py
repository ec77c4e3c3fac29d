"""A refusal: the answer to a request that the policy does not allow, as a proper Engine error."""

from __future__ import annotations

from course.gateway.errors import GatewayError


class Refusal(GatewayError):
    """Says no, with the reason and what to do in its place; docker-py and the CLI show `message`.

    Args:
        what: what was refused, as the learner wrote it.
        why: the reason in one clause.
        instead: what the lesson does in its place, or "".
        status: the HTTP status; 403 unless the object is unknown (404), the request is malformed (400),
            a name is taken (409) or a body is too large (413).
    """

    def __init__(self, what: str, why: str, instead: str = "", status: int = 403) -> None:
        super().__init__(why or "something that the session has", what, instead or "look at what the session has")
        self.what, self.why, self.instead, self.status = what, why, instead, status

    @property
    def message(self) -> str:
        """One line of plain text; untrusted parts are shown as they are, never as markup."""
        text = f"{self.what}: {self.why}" if self.why else self.what
        return f"{text}. {self.instead}" if self.instead else text


class UnknownImage(Refusal):
    """An image that the session does not have; a build may fetch `ref` where the policy lets it."""

    def __init__(self, words: str, ref: str) -> None:
        super().__init__(words, "", status=404)
        self.ref = ref


def unknown(kind: str, ref: str) -> Refusal:
    """The engine's own words for an object that the session does not have.

    Args:
        kind: "container", "image", "network", "volume" or "exec instance".
        ref: the name or id that was asked for.
    """
    words = {
        "container": f"No such container: {ref}",
        "image": f"No such image: {ref}",
        "network": f"network {ref} not found",
        "volume": f"get {ref}: no such volume",
        "exec instance": f"No such exec instance: {ref}",
    }
    return UnknownImage(words[kind], ref) if kind == "image" else Refusal(words[kind], "", status=404)
