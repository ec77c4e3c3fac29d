"""What a hostile registry can make the engine do: nothing but take or leave a transfer."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from course.gateway.policy.limits import MIB, Limits
from course.gateway.registry_door import address, open_door

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
SID = "abcdef012345"
LIMITS = Limits(image_tar=64 * MIB)


def through_the_door(serve: Serve, method: str, path: str, **options: object) -> tuple[int, bytes, dict[str, str]]:
    """What the engine gets when a registry answers as `serve` does."""

    async def run() -> tuple[int, bytes, dict[str, str]]:
        runner = web.ServerRunner(web.Server(serve))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            registry = int(runner.addresses[0][1])
            async with open_door(SID, registry, LIMITS) as port, aiohttp.ClientSession(auto_decompress=False) as engine:
                url = f"http://{address(SID)}:{port}{path}"
                async with engine.request(method, url, allow_redirects=False, **options) as answer:  # type: ignore[arg-type]
                    try:
                        return answer.status, await answer.read(), dict(answer.headers)
                    except aiohttp.ClientPayloadError:
                        return 0, b"broken off", {}
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def always(body: bytes = b"", status: int = 200, **headers: str) -> Serve:
    """A registry that gives one answer."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response(body=body, status=status, headers={key.replace("_", "-"): headers[key] for key in headers})

    return serve


def test_the_address_of_a_door_is_a_loopback_address_of_its_session() -> None:
    assert address("abcdef012345") == "127.171.205.240"
    assert address("ffffff000000") == "127.255.255.2"  # never the broadcast address


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_passed_on(status: int) -> None:
    serve = always(status=status, Location="http://127.0.0.1:22/secret")
    got, _, headers = through_the_door(serve, "GET", "/v2/x/blobs/sha256:0")
    assert got == 403 and "Location" not in headers


def test_the_address_of_a_login_is_not_passed_on() -> None:
    serve = always(status=401, WWW_Authenticate='Bearer realm="http://127.0.0.1:22/"')
    got, _, headers = through_the_door(serve, "GET", "/v2/")
    assert got == 403 and "WWW-Authenticate" not in headers


@pytest.mark.parametrize("place", ["http://127.0.0.1:22/v2/x", "//host/v2/x", "/other", "ftp://127.0.0.1/v2/"])
def test_an_upload_goes_nowhere_else(place: str) -> None:
    got, _, headers = through_the_door(always(status=202, Location=place), "POST", "/v2/x/blobs/uploads/")
    assert got == 403 and "Location" not in headers


def test_an_address_that_cannot_be_read_is_an_error_of_the_registrys_protocol() -> None:
    serve = always(status=202, Location="http://[::1/v2/x")
    got, body, headers = through_the_door(serve, "POST", "/v2/x/blobs/uploads/")
    (error,) = json.loads(body)["errors"]
    assert got == 500 and "Location" not in headers
    assert error["code"] == "UNKNOWN" and "Try: " in error["message"] and "::1" not in error["message"]


def test_an_upload_comes_back_to_the_door() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        place = f"http://{request.headers['Host']}/v2/x/blobs/uploads/1?_state=a%3Db"
        return web.Response(status=202, headers={"Location": place})

    got, _, headers = through_the_door(serve, "POST", "/v2/x/blobs/uploads/")
    assert got == 202 and headers["Location"] == "/v2/x/blobs/uploads/1?_state=a%3Db"


@pytest.mark.parametrize("word", ["urls", "URLs", "Url\u017f"])
def test_a_manifest_whose_layers_are_elsewhere_is_refused(word: str) -> None:
    manifest = json.dumps({"layers": [{"digest": "sha256:0", word: ["http://127.0.0.1:22/"]}]}).encode()
    got, body, _ = through_the_door(always(manifest), "GET", "/v2/x/manifests/1")
    assert got == 403 and b"elsewhere" in body


def test_a_duplicate_name_hides_nothing() -> None:
    manifest = b'{"layers":[{"urls":["http://127.0.0.1:22/"],"urls":[]}]}'
    assert through_the_door(always(manifest), "GET", "/v2/x/manifests/1")[0] == 403


def test_a_layer_that_is_a_bomb_is_broken_off() -> None:
    bomb = gzip.compress(bytes(256 * MIB))
    status, body, _ = through_the_door(always(bomb), "GET", "/v2/x/blobs/sha256:0")
    assert status in (0, 403) and len(body) < len(bomb)


def test_bombs_in_later_members_of_a_gzip_count_too() -> None:
    parts = gzip.compress(b"small") + gzip.compress(bytes(256 * MIB))
    status, body, _ = through_the_door(always(parts), "GET", "/v2/x/blobs/sha256:0")
    assert status in (0, 403) and len(body) < len(parts)


@pytest.mark.parametrize("start", [b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh9"])
def test_a_layer_in_another_compression_is_refused(start: bytes) -> None:
    status, body, _ = through_the_door(always(start + b"x" * 100), "GET", "/v2/x/blobs/sha256:0")
    assert status in (0, 403) and start not in body


def test_an_honest_layer_passes_as_it_is() -> None:
    layer = gzip.compress(bytes(range(256)) * 10_000)
    assert through_the_door(always(layer), "GET", "/v2/x/blobs/sha256:0")[:2] == (200, layer)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/v2/x/manifests/1"), ("GET", "/metrics"), ("GET", "/v1/")])
def test_the_door_opens_on_the_registry_protocol_only(method: str, path: str) -> None:
    assert through_the_door(always(b"secret"), method, path)[0] == 404
