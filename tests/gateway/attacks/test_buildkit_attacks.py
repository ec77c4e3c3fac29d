"""Attacks on builds by BuildKit, as raw bytes to a session's socket; the engine is looked at afterwards.

`buildkit.jsonl` holds the cases: a Dockerfile, the build's query, and files of the context. A case that must be
`denied` is refused or fails, and leaves no image. One that is `harmless` builds, and its answer has `says` in it and
none of `hides`. After each, nothing of the victim's and nothing outside the session has changed on the engine, and
the answer doesn't give the victim away. What needs two builds, the victim's after the attacker's, is below.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attack_world
import docker
import pytest
from attack_world import World, dockerfile, harm, snapshot, tar_of, victims_words
from matrix import EVERYTHING
from raw_http import Answer, call

from course.engine.build_stream import BuildStream, Output
from course.gateway import Client

CASES = [json.loads(line) for line in (Path(__file__).parent / "buildkit.jsonl").read_text().splitlines() if line]
TAR = {"Content-Type": "application/x-tar"}


@pytest.fixture(scope="module", params=["own", "class"] if EVERYTHING else ["own"])
def built_by_buildkit(request: pytest.FixtureRequest, engine28_url: str) -> Iterator[World]:
    """Two learners on an engine, whose gateway builds with BuildKit whatever a Dockerfile asks for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_ENGINE", engine28_url)
        patch.setenv("SLIPWAY_BUILDER", "buildkit")
        with attack_world.world(engine28_url, request.param) as made:
            plain = made.build(dockerfile("FROM course/busybox\nRUN true\n"))
            assert "[2/2] RUN true" in plain.text
            yield made
        Client().stop(end_sessions=True)


def images_of(world: World, sid: str) -> dict[str, str]:
    """The engine's tags of a session, each with its image."""
    with closing(docker.DockerClient(world.engine_url, version="auto", timeout=60)) as client:
        return {tag: image["Id"] for image in client.api.images() for tag in image["RepoTags"] or () if sid in tag}


def context(world: World, case: dict[str, Any]) -> bytes:
    files = {"Dockerfile": world.fill(case["dockerfile"]), **case.get("files", {})}
    links = case.get("links", {})
    out = io.BytesIO(tar_of(files))
    with tarfile.open(fileobj=out, mode="a", format=tarfile.GNU_FORMAT) as archive:
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


def output_of(answer: Answer) -> str:
    """What the steps of a build print themselves."""
    stream = BuildStream()
    news = [stream.read(json.loads(line)) for line in answer.text.splitlines()]
    return "".join(one.text for one in news if isinstance(one, Output))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_case(built_by_buildkit: World, case: dict[str, Any]) -> None:
    world = built_by_buildkit
    before, own = snapshot(world), images_of(world, world.sid)
    query = {name: world.fill(value) for name, value in case.get("query", {}).items()}
    answer = world.ask("POST", "/v1.44/build", query=query, body=context(world, case), headers=TAR)
    failed = answer.status != 200 or '"error"' in answer.text
    if case["expect"] == "denied":
        assert failed, answer.text
        assert images_of(world, world.sid) == own, "it left an image"
    else:
        assert not failed, answer.text
        printed = output_of(answer)
        assert case.get("says", "") in printed
        assert all(world.fill(word) not in printed for word in case.get("hides", ()))
        _an_image_of_the_attackers(world, answer)
    told = set(case.get("names", ()))  # what the attacker has said itself, an error may repeat
    words = [word for word in victims_words(world) if not any(word in world.fill(one) for one in told)]
    assert not [word for word in words if word in answer.text], answer.text
    assert snapshot(world) == before
    assert harm(world) == []


def _an_image_of_the_attackers(world: World, answer: Answer) -> None:
    """What the session counts as built is not what a step's output pretends to be."""
    (made,) = [found for line in answer.text.splitlines() if (found := json.loads(line).get("aux", {}).get("ID"))]
    assert made != world.names["victim_img_id"]
    assert call(world.victim, "GET", f"/v1.44/images/{made}/json").status == 404
    assert world.ask("GET", f"/v1.44/images/{world.names['victim_img_id']}/json").status == 404


# ---- one learner's build after another's


def built(url: str, text: str, files: dict[str, str | bytes] | None = None, **query: str) -> Answer:
    """A build that succeeds; `text` is its Dockerfile."""
    body = tar_of({"Dockerfile": text, **(files or {})})
    answer = call(url, "POST", "/v1.44/build", query=query, body=body, headers=TAR)
    assert answer.status == 200 and '"error"' not in answer.text, answer.text
    return answer


PLANTED = {
    "proxy": {"buildargs": '{"http_proxy": "POISON"}'},
    "proxy in capitals": {"buildargs": '{"HTTP_PROXY": "POISON"}'},
    "proxy of https": {"buildargs": '{"https_proxy": "POISON"}'},
    "proxy for none": {"buildargs": '{"no_proxy": "POISON"}'},
    "proxy for all": {"buildargs": '{"ALL_PROXY": "POISON"}'},
    "no network": {"networkmode": "none"},
    "small shared memory": {"shmsize": "65536"},
    "ulimits": {"ulimits": '[{"Name": "fsize", "Soft": 1, "Hard": 1}]'},
    "a cgroup of its own": {"cgroupparent": "/"},
    "the victim's cache": {"cachefrom": '["{victim_img}"]'},
    "nothing": {},
}


@pytest.mark.parametrize("how", PLANTED)
def test_no_result_of_one_learner_is_given_to_another(built_by_buildkit: World, how: str) -> None:
    """What RUN gives may depend on what isn't in the cache's key: the victim's runs again, whatever came before."""
    world = built_by_buildkit
    mark = uuid.uuid4().hex
    told = "${http_proxy:-$HTTP_PROXY} $https_proxy $no_proxy"
    text = f"FROM course/busybox\nRUN echo {mark} $(hostname) {told} > /w; cat /w\n"
    query = {name: world.fill(value) for name, value in PLANTED[how].items()}
    first, again = built(world.attacker, text, **query), built(world.victim, text)
    assert "CACHED [2/2]" not in again.text
    attackers, victims = output_of(first).split(), output_of(again).split()
    assert attackers[0] == victims[0] == mark and "POISON" not in victims
    assert attackers[1] != victims[1], "each session has a host name of its own"
    assert "POISON" not in output_of(built(world.attacker, text)), "nor does its own next build get what a proxy gave"


@pytest.mark.parametrize(
    "identity",
    ["id=shelf,", "", "id=/shelf,", "id=../{victim}/shelf,", "id={victim}/shelf,", "id=shelf,sharing=private,"],
)
def test_no_cache_mount_is_shared_between_learners(built_by_buildkit: World, identity: str) -> None:
    world = built_by_buildkit
    mark = uuid.uuid4().hex
    space = hashlib.blake2b(world.victim_sid.encode(), digest_size=6).hexdigest()  # as the gateway derives it
    identity = identity.replace("shelf", f"shelf{mark}")  # the victim's own of an earlier case isn't empty
    given = identity.replace("{victim}", space)
    for url, name in ((world.victim, identity.replace("{victim}/", "").replace("../", "")), (world.attacker, given)):
        text = (
            f"FROM course/busybox\nRUN --mount=type=cache,{name}target=/c : {mark}; ls /c; touch /c/{url[-3:]}{mark}\n"
        )
        assert output_of(built(url, text)) == ""


def test_the_arguments_that_keep_learners_apart_can_t_be_set_in_a_dockerfile(built_by_buildkit: World) -> None:
    world = built_by_buildkit
    space = hashlib.blake2b(world.victim_sid.encode(), digest_size=6).hexdigest()
    mark = uuid.uuid4().hex
    built(world.victim, f"FROM course/busybox\nRUN --mount=type=cache,id=x,target=/c echo {mark} > /c/x; hostname\n")
    names = "".join(f"ARG {name}={space}\n" for name in ("BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_SANDBOX_HOSTNAME"))
    text = f"{names}FROM course/busybox\n{names}RUN --mount=type=cache,id=x,target=/c ls /c; hostname\n"
    said = output_of(built(world.attacker, text)).split()
    assert len(said) == 1 and said != [space], "an empty shelf, and the session's own host name"


def test_a_base_image_mounted_for_writing_stays_as_it_is(built_by_buildkit: World) -> None:
    world = built_by_buildkit
    mark = uuid.uuid4().hex
    mount = "--mount=type=bind,from=course/busybox,source=/,target=/b,rw"
    assert mark in output_of(built(world.attacker, f"FROM course/busybox\nRUN {mount} echo x > /b/{mark}; ls /b\n"))
    for url in (world.victim, world.attacker):
        assert mark not in output_of(built(url, "FROM course/busybox\nRUN ls /\n", nocache="1"))


def test_what_both_copy_is_told_to_neither(built_by_buildkit: World) -> None:
    """COPY's result follows from its inputs, so the cache may serve it; the other's image and names stay unknown."""
    world = built_by_buildkit
    text, files = f"FROM course/busybox\nCOPY f /{uuid.uuid4().hex}\n", {"f": "the same"}
    for url in (world.victim, world.attacker):
        said = built(url, text, files, t="same:1").text
        assert world.victim_sid not in said and "slipway.invalid" not in said
    assert world.ask("DELETE", "/v1.44/images/same:1").status == 200
    assert call(world.victim, "GET", "/v1.44/images/same:1/json").status == 200
