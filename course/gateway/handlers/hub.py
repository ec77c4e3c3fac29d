"""Pull, push, login and search with any registry, where the policy lets the engine reach it.

The engine knows an image of a registry by its name, and that name may be somebody else's already: the user's own
`alpine` outside of every session. So a pull asks the registry for the digest of a tag, and lets the engine pull by that
digest, which moves no tag. The session then holds the image under names of its own, like every other image, and the
digest is taken off again unless it was there before. An image that was on the engine before is shared: it stays when
the session lets go of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from course.gateway.exchange import EngineSaid, Exchange, raise_for_error
from course.gateway.owning import hold, name_on_engine, share_of, tag
from course.gateway.policy import image, wire
from course.gateway.policy.fields import Struct, Text
from course.gateway.policy.image import Transfer
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.reference import Reference
from course.gateway.policy.refusal import Refusal
from course.gateway.streams import OutputFacts, translate_output
from course.gateway.upstream import Answer, Upload

NOBODY = "e30="  # {} in base64: the engine wants the header
LONGEST_LOGIN = 16 * 1024
RATE_LIMIT = (
    " Docker Hub counts pulls by address for those who aren't logged in: wait some hours, or run `docker login` with a "
    "free account, which has a higher limit."
)
_LIMITED = re.compile("toomanyrequests|too many requests|rate limit", re.IGNORECASE)
_LOGIN = Struct({name: Text(cap=8192) for name in ("username", "password", "email", "serveraddress", "identitytoken")})


def login_header(x: Exchange) -> dict[str, str]:
    """The client's login for a registry, if it is one; nobody's otherwise.

    Raises:
        Refusal: 400 for what is no login.
    """
    given = x.request.headers.get("X-Registry-Auth", "") or NOBODY
    try:
        value = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except ValueError:
        value = None
    if not isinstance(value, dict) or len(given) > LONGEST_LOGIN:
        raise Refusal("the header X-Registry-Auth", "expected a JSON object in base64", status=400)
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(value).encode()).decode()}


@dataclass
class Pull:
    """A pull under way, from a registry that the policy lets the engine reach.

    Args:
        x: the call.
        reference: what is pulled.
        login: the header with the login.
        platform: as the client asked for it, "" for the engine's own.
    """

    x: Exchange
    reference: Reference
    login: dict[str, str]
    platform: str = ""
    facts: OutputFacts = field(default_factory=OutputFacts)
    digest: str = ""
    _known: bool = False
    _before: frozenset[str] = frozenset()

    @property
    def at(self) -> str:
        """The engine's name of what is pulled: by digest."""
        return f"{self.reference.domain}/{self.reference.path}@{self.digest}"

    async def find(self) -> None:
        """Ask the registry for the digest.

        Raises:
            EngineSaid: the engine's words: no such image, no login, no way there.
        """
        name = f"{self.reference.domain}/{self.reference.path}"
        self.digest = self.reference.digest
        if not self.digest:
            parts = ("distribution", f"{name}:{self.reference.tag}", "json")
            answer = await self.x.plane.engine.ask(EngineRequest("GET", parts), headers=self.login)
            if not answer.ok:
                raise EngineSaid(_explained(answer))
            self.digest = str(answer.value["Descriptor"]["digest"])
        there = await self.x.plane.engine.ask(EngineRequest("GET", ("images", self.at, "json")))
        self._known = there.ok and self.at.partition("@")[2] in json.dumps(there.value.get("RepoDigests") or [])
        rows = (await self.x.ask(EngineRequest("GET", ("images", "json"), {"all": "1"}))).value
        self._before = frozenset(str(row["Id"]) for row in rows)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The progress; when it ends, the image is the session's, or `facts.error` says why it is not."""
        x = self.x
        if not self._known:
            x.scope.begin_transfer(self.at)
        query = {"fromImage": f"{self.reference.domain}/{self.reference.path}", "tag": self.digest}
        if self.platform:
            query["platform"] = self.platform
        recorded = False
        try:
            async with x.plane.engine.send(
                EngineRequest("POST", ("images", "create"), query), headers=self.login
            ) as response:
                await raise_for_error(response)
                async for piece in translate_output(aiter(response), names=x.scope, facts=self.facts):
                    yield self._shown(piece)
            if not self.facts.error:
                await x.complete(self._record())
                recorded = True
        finally:
            if not recorded:
                await x.complete(self._let_go(None))

    def _shown(self, piece: bytes) -> bytes:
        """Progress with the tag that was asked for in the place of the digest."""
        if self.reference.digest:
            return piece
        text = piece.decode("utf-8", "replace")
        wanted, name = self.reference.familiar(), self.reference.repository()
        for spelled in (f"{self.reference.domain}/{self.reference.path}", name):
            text = text.replace(f'"id":"{spelled}@{self.digest}"', f'"id":"{self.reference.tag}"')
            text = text.replace(f"{spelled}@{self.digest}", wanted)
        text = text.replace(f'"id":"{self.digest}"', f'"id":"{self.reference.tag}"')
        return (_with_rate_limit(text) if '"error' in text else text).encode()

    async def _record(self) -> None:
        x = self.x
        found = (await x.ask(EngineRequest("GET", ("images", self.at, "json")))).value
        image_id, name = str(found["Id"]), self.reference.familiar()
        x.outcome["image"] = image_id
        x.scope.add_pulled(image_id, shared=image_id in self._before)
        share, _ = (0, []) if image_id in self._before else await share_of(x, image_id)
        if self.reference.tag:
            await name_on_engine(x, image_id, name)
        await hold(x, image_id, share, [name] if self.reference.tag else [])
        x.scope.add_digest(f"{self.reference.repository()}@{self.digest}", image_id)
        await self._let_go(found)

    async def _let_go(self, found: dict[str, Any] | None) -> None:
        """Take the digest off the engine, unless it was there before or is the only name of an image that was there."""
        if self._known:
            return
        engine, x = self.x.plane.engine, self.x
        nameless = found is not None and str(found["Id"]) in self._before and not _others(found, self.digest)
        repository = f"{self.reference.repository()}:"
        now = await engine.ask(EngineRequest("GET", ("images", self.at, "json")))
        elsewhere = now.ok and any(one.startswith(repository) for one in now.value.get("RepoTags") or ())
        if now.ok and not nameless and not elsewhere:
            await engine.ask(EngineRequest("DELETE", ("images", self.at), {"noprune": "1"}))
        x.scope.end_transfer(self.at)


def _others(found: dict[str, Any], digest: str) -> list[str]:
    """The names of an image but for one digest."""
    names = [*(found.get("RepoTags") or ()), *(found.get("RepoDigests") or ())]
    return [one for one in names if not one.endswith(f"@{digest}")]


def _explained(answer: Answer) -> Answer:
    """The engine's error, with what Docker Hub's rate limit is where it is that."""
    return Answer(answer.status, answer.headers, {"message": _with_rate_limit(answer.message)})


def _with_rate_limit(text: str) -> str:
    if not _LIMITED.search(text) or RATE_LIMIT in text:
        return text
    return (
        re.sub(r'("message":"[^"]*|"error":"[^"]*)"', rf'\1{RATE_LIMIT}"', text)
        if text.startswith("{")
        else text + RATE_LIMIT
    )


async def pull(x: Exchange, transfer: Transfer) -> web.StreamResponse:
    """POST /images/create with a registry that the policy names."""
    one = Pull(x, transfer.reference, login_header(x), x.query.text("platform"))
    with x.scope.charge("images"), x.scope.charge("bytes_written"):
        await one.find()
        answer: web.StreamResponse | None = None
        async for piece in one.pieces():
            answer = answer or await x.start(200, {"Content-Type": "application/json"})
            await x.write(answer, piece)
    answer = answer or await x.start(200, {"Content-Type": "application/json"})
    x.outcome |= {"digest": one.facts.digest or one.digest, "error": one.facts.error}
    await answer.write_eof()
    return answer


async def fetch(x: Exchange, reference: Reference) -> None:
    """Pull an image that a build names, as the engine itself does.

    Raises:
        EngineSaid: it can't be had; the words name it, which an engine without a way to the registry doesn't do.
    """
    one = Pull(x, reference, {"X-Registry-Auth": NOBODY})
    with x.scope.charge("images"):
        try:
            await one.find()
        except EngineSaid as error:
            raise _missing(reference, error.answer.status, error.answer.message) from error
        async for _ in one.pieces():
            pass
    if one.facts.error:
        raise _missing(reference, 404, one.facts.error)


def _missing(reference: Reference, status: int, message: str) -> EngineSaid:
    return EngineSaid(Answer(status, {}, {"message": f"No such image: {reference.familiar()} ({message})"}))


async def push(x: Exchange, transfer: Transfer, image_id: str) -> web.StreamResponse:
    """POST /images/{name}/push to a registry that the policy names; the engine has the name for as long as it takes."""
    engine = x.plane.engine
    wanted = f"{transfer.target}:{transfer.tag}"
    lock = x.plane.name_locks.setdefault(wanted, asyncio.Lock())
    facts = OutputFacts()
    async with lock:
        taken = await engine.ask(EngineRequest("GET", ("images", wanted, "json")))
        if taken.status != 404 and (not taken.ok or taken.value.get("Id") != image_id):
            why = "outside of this session the name stands for another image"
            raise Refusal(f"{transfer.reference.familiar()} cannot be pushed", why, "Push it under another name.", 409)
        if not taken.ok:
            x.scope.begin_transfer(wanted)
            await tag(x, image_id, wanted)
        try:
            request = EngineRequest("POST", ("images", transfer.target, "push"), {"tag": transfer.tag})
            async with engine.send(request, headers=login_header(x)) as response:
                await raise_for_error(response)
                answer = await x.start(200, {"Content-Type": "application/json"})
                async for piece in translate_output(aiter(response), names=x.scope, facts=facts):
                    await x.write(answer, piece)
        finally:
            if not taken.ok:
                await x.complete(_unname(x, wanted))
    if facts.digest and not facts.error:
        x.scope.add_digest(f"{transfer.reference.repository()}@{facts.digest}", image_id)
    x.outcome |= {"image": image_id, "digest": facts.digest, "error": facts.error}
    await answer.write_eof()
    return answer


async def _unname(x: Exchange, wanted: str) -> None:
    await x.plane.engine.ask(EngineRequest("DELETE", ("images", wanted), {"noprune": "1"}))
    x.scope.end_transfer(wanted)


async def login(x: Exchange) -> web.StreamResponse:
    """POST /auth: the engine asks the registry whether a login is good; nothing of it is written down here."""
    body = wire.decode_object(await x.body(), _LOGIN, cap=x.limits.json_body)
    answer = await x.ask(EngineRequest("POST", ("auth",), body=body))
    return x.json(answer.value, answer.status) if answer.value is not None else x.empty(answer.status)


async def distribution(x: Exchange) -> web.StreamResponse:
    """GET /distribution/{name}/json: what a registry says of an image."""
    reference = image.check_reachable(x.ref, x.scope.policy)
    name = f"{reference.domain}/{reference.path}"
    word = f"{name}@{reference.digest}" if reference.digest else f"{name}:{reference.tag}"
    answer = await x.plane.engine.ask(EngineRequest("GET", ("distribution", word, "json")), headers=login_header(x))
    if not answer.ok:
        raise EngineSaid(_explained(answer))
    return x.json(answer.value)


async def search(x: Exchange) -> web.StreamResponse:
    """GET /images/search, on Docker Hub."""
    query = {"term": x.query.text("term")}
    if limit := x.query.number("limit"):
        query["limit"] = str(limit)
    if filters := x.query.text("filters"):
        query["filters"] = filters
    answer = await x.ask(EngineRequest("GET", ("images", "search"), query), headers=login_header(x))
    return x.json(answer.value)


async def imported(x: Exchange) -> web.StreamResponse:
    """POST /images/create with fromSrc: a tar of a file system becomes an image, which is the session's."""
    spec = image.parse_import(x.query)
    query: dict[str, str | tuple[str, ...]] = {"fromSrc": spec.source, "changes": spec.changes}
    if spec.message:
        query["message"] = spec.message
    facts = OutputFacts()
    with x.scope.charge("images"), x.scope.charge("bytes_written"):
        upload = Upload(x.pieces()) if spec.source == "-" else None
        async with x.plane.engine.send(EngineRequest("POST", ("images", "create"), query), upload) as response:
            await raise_for_error(response)
            lines = [piece async for piece in translate_output(aiter(response), names=x.scope, facts=facts)]
        made = re.findall(rb'"status":"(sha256:[0-9a-f]{64})"', b"".join(lines))
        if made:
            await x.complete(_own(x, made[-1].decode(), spec.reference))
    x.outcome |= {"image": made[-1].decode() if made else "", "error": facts.error}
    answer = await x.start(200, {"Content-Type": "application/json"})
    await answer.write(b"".join(lines))
    await answer.write_eof()
    return answer


async def _own(x: Exchange, image_id: str, reference: Reference | None) -> None:
    share, _ = await share_of(x, image_id)
    if reference is not None:
        await name_on_engine(x, image_id, reference.familiar())
    await hold(x, image_id, share, [reference.familiar()] if reference else [])


HANDLERS = {"system.auth": login, "image.distribution": distribution, "image.search": search}
