"""Every known attack, sent as raw bytes to a session's socket; the engine is looked at afterwards, past the gateway.

`shared.jsonl` holds the cases the gateway was designed against, `own.jsonl` those found while it was built. Each case
is one request with placeholders; what a request alone cannot say (an archive, a container to prepare) is in `SETUPS`,
and what must be true besides the general rules is in `CHECKS`.

The general rules, for every case: nothing of the victim's and nothing outside the session has changed; no container
of the attacker's is without its limits; no answer holds a word that gives the victim away.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attack_world
import docker
import pytest
from attack_world import World, dockerfile, harm, snapshot, tar_of, victims_words
from raw_http import Answer, request, send

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
HERE = Path(__file__).parent
CASES = [
    json.loads(line)
    for name in ("shared.jsonl", "own.jsonl")
    for line in (HERE / name).read_text().splitlines()
    if line
]


@pytest.fixture(scope="module")
def world(engine_url: str) -> Iterator[World]:
    with attack_world.world(engine_url) as made:
        yield made


def image_tar(tag: str, **config: Any) -> bytes:
    """A minimal image archive as `docker save` writes it, with one layer."""
    layer = tar_of({"hello": "hello"})
    diff = "sha256:" + hashlib.sha256(layer).hexdigest()
    body = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff]},
        **config,
    }
    text = json.dumps(body)
    name = hashlib.sha256(text.encode()).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": ["layer/layer.tar"]}])
    return tar_of({"layer/layer.tar": layer, name: text, "manifest.json": manifest})


def one_member(
    name: str, kind: bytes, link: str = "", files: Mapping[str, str | bytes] = MappingProxyType({})
) -> bytes:
    """An archive of some files and then one member of a kind that `tar_of` does not write."""
    out = io.BytesIO(tar_of(files))
    with tarfile.open(fileobj=out, mode="a" if files else "w", format=tarfile.GNU_FORMAT) as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.devmajor, member.devminor = kind, link, 1, 3
        archive.addfile(member)
    return out.getvalue()


def oci_layout(manifest: str, layer: dict[str, Any]) -> bytes:
    """An OCI layout whose index names a manifest, and whose own manifest names a layer."""
    blob = json.dumps({"schemaVersion": 2, "config": {"digest": manifest, "size": 2}, "layers": [layer]})
    digest = hashlib.sha256(blob.encode()).hexdigest()
    rows = [{"mediaType": OCI_MANIFEST, "digest": one, "size": len(blob)} for one in (manifest, f"sha256:{digest}")]
    index = json.dumps({"schemaVersion": 2, "manifests": rows})
    layout = json.dumps({"imageLayoutVersion": "1.0.0"})
    return tar_of({"oci-layout": layout, "index.json": index, f"blobs/sha256/{digest}": blob})


def _prepared_restart(world: World) -> None:
    world.own_container(start=False)


def _links(world: World) -> None:
    refused = world.ask(
        "POST",
        "/v1.41/containers/create",
        json={"Image": "course/busybox", "HostConfig": {"Links": ["victim-web:start"]}},
    )
    assert refused.refused
    world.own_container()


def _volume_container(world: World) -> None:
    world.own_container(start=False, Volumes={"/anon": {}})


def _onbuild(world: World) -> bytes:
    text = "FROM course/busybox\nONBUILD COPY --from={victim_img} /secret /stolen\n"
    first = world.build(dockerfile(world.fill(text)), t="trigger:1")
    assert first.refused or "error" in first.text
    return dockerfile("FROM trigger:1\n")


def _poison(world: World) -> None:
    """A container with the victim's RUN line as its command, changed by hand, ready to be committed."""
    world.own_container(cmd=["/bin/sh", "-c", "echo honest > /result"])
    put = world.ask(
        "PUT",
        f"/v1.41/containers/{world.names['own']}/archive",
        query={"path": "/"},
        body=tar_of({"result": "POISONED"}),
        headers={"Content-Type": "application/x-tar"},
    )
    assert put.status == 200, put.text


def _own_saved(world: World) -> bytes:
    return world.ask("GET", f"/v1.41/images/{world.names['own_img']}/get").body


def _exec_with_stdin(world: World) -> None:
    world.own_exec(["cat"], AttachStdin=True)


def _interactive(world: World) -> None:
    world.own_container(cmd=["cat"], OpenStdin=True, AttachStdin=True)


def _stopped(world: World) -> None:
    world.own_container(start=False)
    world.ask("POST", f"/v1.41/containers/{world.names['own']}/start")


def _gone_soon(world: World) -> None:
    """A container that ends and is removed by itself, for a wait that must return."""
    world.own_container(cmd=["sleep", "1"], HostConfig={"AutoRemove": True})


def _tag_two(world: World) -> None:
    assert world.ask("POST", "/v1.41/images/mine:1/tag", query={"repo": "mine", "tag": "2"}).status == 201


def _two_names(world: World) -> None:
    _tag_two(world)
    world.names["two_names"] = world.ask("GET", "/v1.41/images/mine:1/json").json["Id"]


def _idle(world: World) -> None:
    made = world.ask("POST", "/v1.41/containers/create", query={"name": "idle1"}, json={"Image": "course/busybox"})
    assert made.status == 201, made.text


def _big_file(world: World) -> None:
    world.own_container()
    world.run("dd", "if=/dev/zero", "of=/big", "bs=1M", "count=30")


def _fresh(world: World) -> None:
    world.own_container()


def _running_exec(world: World) -> None:
    world.own_container()
    identity = world.own_exec(["sleep", "60"], Tty=True)
    started = world.ask("POST", f"/v1.41/exec/{identity}/start", json={"Detach": True, "Tty": True})
    assert started.status == 200, started.text


def _ended(world: World) -> None:
    world.own_container(cmd=["true"])
    assert world.ask("POST", f"/v1.41/containers/{world.names['own']}/wait").status == 200


def _manifest_only() -> dict[str, str | bytes]:
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [f"sha256:{'0' * 64}"]}})
    rows = [{"Config": "c.json", "RepoTags": ["linked:1"], "Layers": ["layer/layer.tar"]}]
    return {"c.json": config, "manifest.json": json.dumps(rows)}


# a setup returns the body of the request, or None to keep the case's own
SETUPS: dict[str, Callable[[World], bytes | None]] = {
    "A011": _prepared_restart,
    "A013": lambda w: (w.own_container(), w.own_exec(["true"]), None)[-1],
    "A021": lambda w: dockerfile("FROM course/busybox\nRUN ls /sys/class/net\n"),
    "A037": lambda w: lzma.compress(tar_of({"f": "f"})),
    "A053": _links,
    "A073": lambda w: dockerfile(w.fill("FROM course/busybox\nCOPY --from={victim_img} / /stolen\n")),
    "A075": _onbuild,
    "A077": lambda w: tar_of({"Dockerfile": "FROM course/busybox\n", "x/../Dockerfile": w.fill("FROM {victim_img}\n")}),
    "A081": lambda w: image_tar("course/busybox:latest"),
    "A083": lambda w: tar_of({"f": "f"}),
    "A085": lambda w: tar_of({"f": "f"}),
    "A087": _poison,
    "A089": lambda w: dockerfile(attack_world.VICTIM_RECIPE),
    "A121": lambda w: (w.own_container(), None)[-1],
    "A127": lambda w: (w.own_container(cmd=["sh", "-c", "exec yes"]), None)[-1],
    "A129": lambda w: (w.own_container(), None)[-1],
    "A133": lambda w: dockerfile(
        "FROM course/busybox\nRUN i=0; while [ $i -lt 2000 ]; do sleep 20 & i=$((i+1)); done; wait\n"
    ),
    "A135": lambda w: dockerfile(
        "FROM course/busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max\n"
    ),
    "A137": lambda w: gzip.compress(b"\0" * 300_000_000, compresslevel=9),
    "A139": _volume_container,
    "A159": lambda w: json.dumps({"Image": "course/busybox", "Env": ["A=" + "x" * 2_000_000]}).encode(),
    "O249": lambda w: one_member("link", tarfile.SYMTYPE, "/etc/passwd", {"Dockerfile": "FROM course/busybox\n"}),
    "O252": lambda w: one_member("Dockerfile", tarfile.LNKTYPE, "/etc/passwd"),
    "O253": lambda w: one_member("null", tarfile.CHRTYPE, files={"Dockerfile": "FROM course/busybox\n"}),
    "O254": lambda w: oci_layout(f"sha256:{w.names['victim_img']}", {"digest": f"sha256:{'0' * 64}", "size": 1}),
    "O255": lambda w: oci_layout(f"sha256:{'0' * 64}", {"urls": ["http://127.0.0.1/"], "digest": f"sha256:{'1' * 64}"}),
    "O256": lambda w: one_member("layer/layer.tar", tarfile.SYMTYPE, "/etc/passwd", _manifest_only()),
    "O257": lambda w: image_tar("labelled:1", config={"Labels": {"org.slipway.session": w.victim_sid}}),
    "O258": lambda w: image_tar(f"slipway.invalid/{w.victim_sid}/d/shop:1"),
    "O271": lambda w: one_member("null", tarfile.CHRTYPE),
    "O272": lambda w: one_member("pipe", tarfile.FIFOTYPE),
    "O273": lambda w: lzma.compress(tar_of({"f": "f"})),
    "O351": lambda w: gzip.compress(tar_of({"f": bytes(60_000_000)})),
    "O352": lambda w: lzma.compress(tar_of({"f": bytes(60_000_000)})),
    "O353": lambda w: bz2.compress(tar_of({"f": bytes(60_000_000)})),
    "O354": lambda w: gzip.compress(one_member("d", tarfile.CHRTYPE)),
    "O355": lambda w: gzip.compress(gzip.compress(tar_of({"f": "f"}))),
    "O274": lambda w: tar_of({"f": "f"}),
    "O275": lambda w: tar_of({"put-above": "f"}),
    "L004": lambda w: dockerfile("FROM course/busybox\nCMD true\n"),
    "L006": lambda w: dockerfile("FROM course/busybox\nCMD true\n"),
    "L010": _prepared_restart,
    "L018": _running_exec,
    "L025": _ended,
    "L028": _fresh,
    "L029": _fresh,
    "L012": _interactive,
    "L013": _gone_soon,
    "L014": lambda w: (w.own_container(), w.own_exec(["sh", "-c", "echo tty"], Tty=True), None)[-1],
    "L015": lambda w: (w.own_container(), _exec_with_stdin(w))[-1],
    "L017": lambda w: (w.own_container(), w.own_exec(["true"]), None)[-1],
    "L019": lambda w: tar_of({"put": "put"}),
    "L020": _big_file,
    "L021": lambda w: (w.own_container(), w.run("touch", "/h"), None)[-1],
    "L035": _own_saved,
    "L037": _tag_two,
    "O315": _two_names,
    "O325": _idle,
    "L043": _ended,
    "L044": lambda w: (w.own_container(), None)[-1],
}


def _honest_grading_build(world: World, answer: Answer) -> None:
    from course.gateway import session

    with session(policy="grading") as graded, closing(docker.DockerClient(base_url=graded.url, timeout=120)) as client:
        image, _ = client.images.build(fileobj=io.BytesIO(attack_world.VICTIM_RECIPE.encode()), rm=True)
        assert client.containers.run(image.id, ["cat", "/result"], remove=True) == b"honest\n"


def _inspect(world: World, answer: Answer) -> Any:
    assert answer.status == 201, answer.text
    return world.ask("GET", f"/v1.41/containers/{answer.json['Id']}/json").json


def _on_loopback(world: World, answer: Answer) -> None:
    whole = _inspect(world, answer)
    assert [b["HostIp"] for b in whole["HostConfig"]["PortBindings"]["80/tcp"]] == ["127.0.0.1"]
    assert world.ask("POST", f"/v1.41/containers/{whole['Id']}/start").status == 204
    ports = world.ask("GET", f"/v1.41/containers/{whole['Id']}/json").json["NetworkSettings"]["Ports"]
    # a shell without input ends at once, and its ports with it
    assert [b["HostIp"] for b in ports.get("80/tcp") or ()] in ([], ["127.0.0.1"])


def _build_limited(world: World, answer: Answer) -> None:
    assert answer.status == 200
    numbers = [int(word) for word in answer.text.replace("\\n", " ").replace('"', " ").split() if word.isdigit()]
    assert any(0 < number <= 512 * 1024**2 for number in numbers if number > 1_000_000), answer.text


def _bounded_processes(world: World, answer: Answer) -> None:
    assert answer.status == 200
    assert "can't fork" in answer.text or "error" in answer.text, answer.text[-500:]


def _no_foreign_process(world: World, answer: Answer) -> None:
    assert answer.status == 200 or answer.refused
    assert "dockerd" not in answer.text and "PATH=" not in answer.text


def _no_volume_left(world: World, answer: Answer) -> None:
    assert answer.status == 204
    left = world.ask("GET", "/v1.41/volumes").json["Volumes"] or []
    assert [v["Name"] for v in left if len(v["Name"]) == 64] == []


def _attached(world: World, answer: Answer) -> None:
    assert answer.status == 101


def _learners_name(world: World, answer: Answer) -> None:
    assert answer.json["Name"] == "/" + world.names["own_name"]


def _listed_under_own_name(world: World, answer: Answer) -> None:
    assert ["/" + world.names["own_name"]] in [c["Names"] for c in answer.json]


def _no_foreign_image(world: World, answer: Answer) -> None:
    tags = {tag for image in answer.json for tag in image["RepoTags"] or ()}
    assert {"mine:1", "course/busybox:latest"} <= tags
    assert "shop:1" not in tags


def _kept_lower(world: World, answer: Answer) -> None:
    assert _inspect(world, answer)["HostConfig"]["Memory"] == 16777216


def _copy_fails(world: World, answer: Answer) -> None:
    if world.names["victim_img_short"][0].isdigit():  # no name of a stage begins so: the engine reads no further
        assert answer.status == 400 and "invalid name for build stage" in answer.text, answer.text
    else:
        assert "errorDetail" in answer.text, answer.text


def _health_check_of_the_trigger_limited(world: World, answer: Answer) -> None:
    built = answer.text.rpartition("Successfully built ")[2][:12]
    assert world.build(dockerfile(f"FROM {built}\n"), t="triggered:1").status == 200
    made = world.ask("POST", "/v1.41/containers/create", json={"Image": "triggered:1", "Cmd": ["true"]})
    assert made.status == 201, made.text
    health = world.ask("GET", f"/v1.41/containers/{made.json['Id']}/json").json["Config"]["Healthcheck"]
    assert health["Interval"] >= 1_000_000_000, health
    assert harm(world) == []


def _build_still_limited(world: World, answer: Answer) -> None:
    _build_limited(
        world,
        world.build(
            dockerfile("FROM course/busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n"),
            memory="0",
            memswap="-1",
        ),
    )


def _empty(world: World, answer: Answer) -> None:
    assert answer.refused or answer.json == []


CHECKS: dict[str, Callable[[World, Answer], None]] = {
    "A011": lambda w, a: _clean_host_config(w),
    "A039": lambda w, a: None,
    "A041": _empty,
    "A043": lambda w, a: None,
    "A085": lambda w, a: _nothing_of_anothers_scope(w),
    "A087": _honest_grading_build,
    "A089": lambda w, a: _not_from_cache(a),
    "A093": _no_foreign_image,
    "A099": _no_foreign_process,
    "A111": _on_loopback,
    "A113": _on_loopback,
    "A133": _bounded_processes,
    "A135": _build_limited,
    "A139": _no_volume_left,
    "O222": lambda w, a: _copy_fails(w, a),
    "O237": _health_check_of_the_trigger_limited,
    "O245": lambda w, a: _no_layer_of_the_victim(w, a),
    "O246": _build_still_limited,
    "O314": lambda w, a: _status(a, 404),
    "O315": lambda w, a: _needs_force(w, a),
    "O319": _empty,
    "O320": lambda w, a: _says(a, ""),
    "O321": lambda w, a: _message(a, "No such image: nope:latest"),
    "O324": lambda w, a: _bound_as_asked(w, a),
    "O325": lambda w, a: _begins(a, "Cannot kill container: idle1: "),
    "O322": lambda w, a: _message(a, f"Could not find the file /nope in container {w.names['own_name']}"),
    "L001": lambda w, a: _version_header(a),
    "L002": lambda w, a: _version_header(a),
    "L012": _attached,
    "L014": _attached,
    "L015": _attached,
    "L021": lambda w, a: _has_header(a, "x-docker-container-path-stat"),
    "L028": _learners_name,
    "L029": _listed_under_own_name,
    "L032": _no_foreign_image,
    "L045": _kept_lower,
}


def _clean_host_config(world: World) -> None:
    with closing(docker.DockerClient(base_url=world.engine_url)) as client:
        host = client.api.inspect_container(world.names["own"])["HostConfig"]
    assert (host["PidMode"], host["Binds"] or []) == ("", [])


def _nothing_of_anothers_scope(world: World) -> None:
    seen = {i["Id"] for i in attack_world.call(world.victim, "GET", "/v1.41/images/json").json}
    assert not seen & {
        i["Id"] for i in world.ask("GET", "/v1.41/images/json").json if "x:latest" in (i["RepoTags"] or ())
    }


def _no_layer_of_the_victim(world: World, answer: Answer) -> None:
    """What the build took from the cache, if anything, is the session's own."""
    history = attack_world.call(world.victim, "GET", f"/v1.41/images/{world.names['victim_img_id']}/history").json
    base = world.ask("GET", "/v1.41/images/course/busybox/json").json["Id"]
    short = {id_.removeprefix("sha256:")[:12] for id_ in {row["Id"] for row in history} - {base, "<missing>"}}
    assert short and not any(known in answer.text for known in short)


def _not_from_cache(answer: Answer) -> None:
    assert answer.refused or "Using cache" not in answer.text


def _status(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.text


def _says(answer: Answer, text: str) -> None:
    assert answer.text == text


def _message(answer: Answer, message: str) -> None:
    assert answer.json["message"] == message


def _begins(answer: Answer, words: str) -> None:
    assert answer.json["message"].startswith(words)


def _bound_as_asked(world: World, answer: Answer) -> None:
    assert _inspect(world, answer)["HostConfig"]["Binds"] == [f"{world.names['own_vol']}:/d"]


def _needs_force(world: World, answer: Answer) -> None:
    _status(answer, 409)
    assert world.ask("DELETE", "/v1.41/images/mine:2").status == 200
    assert world.ask("GET", "/v1.41/images/mine:1/json").status == 200


def _version_header(answer: Answer) -> None:
    _has_header(answer, "api-version")


def _has_header(answer: Answer, name: str) -> None:
    assert answer.headers.get(name)


def _settled(world: World) -> None:
    """The attacker's own container is there for the next case, under its name: a case may have renamed it."""
    own = world.ask("GET", f"/v1.41/containers/{world.names['own_name']}/json")
    if own.status != 200 or not own.json["State"]["Running"]:
        world.own_container()
    world.ensure_own_things()


def _tidy(world: World) -> None:
    """Remove what the case made, so that quotas are for the case that tests them."""
    for listed in world.ask("GET", "/v1.41/containers/json", query={"all": "1"}).json:
        if listed["Id"] != world.names["own"]:
            world.ask("DELETE", f"/v1.41/containers/{listed['Id']}", query={"force": "1", "v": "1"})
    for volume in world.ask("GET", "/v1.41/volumes").json["Volumes"]:
        if volume["Name"].startswith("sw-"):  # an own volume that bears the victim's id in its name, by A067
            world.ask("DELETE", f"/v1.41/volumes/{volume['Name']}")


def perform(world: World, case: dict[str, Any]) -> Answer:
    """Send the case's request as the attacker."""
    setup = SETUPS.get(case["id"])
    prepared = setup(world) if setup else None
    if "dockerfile" in case:
        prepared = dockerfile(world.fill(case["dockerfile"]))
    if case["method"] == "RAW":
        return send(world.attacker, _raw(world.fill(case["raw"])), timeout=10)
    if case["method"] == "EXEC":
        return _exec(world, world.fill(case["path"]))
    if prepared is not None:
        body = prepared
    elif case.get("body_raw"):
        body = world.fill(case["body_raw"]).encode()
    else:
        body = world.fill(json.dumps(case["body"])).encode() if case.get("body") is not None else b""
    query = {name: world.fill(value) for name, value in case["query"].items()}
    headers = dict(case["headers"])
    if headers.get("Transfer-Encoding") == "chunked":
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        raw = request(case["method"], world.fill(case["path"]), query=query, headers=headers)
        raw = raw.replace(b"Content-Length: 0\r\n", b"") + body
    else:
        raw = request(case["method"], world.fill(case["path"]), query=query, body=body, headers=headers)
    streams = "stats" in case["path"] or "events" in case["path"] or "follow" in case["query"]
    return send(world.attacker, raw, limit=400 if streams else 50_000_000, timeout=3 if streams else 90)


def _raw(text: str) -> bytes:
    """Fill a raw request's lengths again, which the placeholders changed."""
    import re

    def recount(match: re.Match[str]) -> str:
        return f"Content-Length: {len(match['body'].encode())}\r\n\r\n{match['body']}"

    pattern = r"Content-Length: \d+\r\n\r\n(?P<body>\{.*?\})(?=$|POST |GET |DELETE )"
    return re.sub(pattern, recount, text, flags=re.DOTALL).encode()


def _exec(world: World, command: str) -> Answer:
    """Run a hostile command for a few seconds in the attacker's own container."""
    identity = world.own_exec(["timeout", "5", "sh", "-c", command])
    raw = request(
        "POST", f"/v1.41/exec/{identity}/start", body=b'{"Detach":true}', headers={"Content-Type": "application/json"}
    )
    answer = send(world.attacker, raw)
    deadline = time.monotonic() + 20
    while world.ask("GET", f"/v1.41/exec/{identity}/json").json.get("Running") and time.monotonic() < deadline:
        assert world.ask("GET", "/v1.41/containers/json").status == 200  # the gateway and the engine still answer
    return answer


@pytest.fixture(scope="module")
def own_world(engine_url: str) -> Iterator[World]:
    """The same two sessions with the policy `own`, which is a guard rail and no wall."""
    with attack_world.world(engine_url, "own") as made:
        yield made


ON_PURPOSE = {
    case["id"]: case for case in map(json.loads, filter(None, (HERE / "allowed_in_own.jsonl").read_text().splitlines()))
}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_own_allows_what_the_list_says_and_nothing_else(own_world: World, case: dict[str, Any]) -> None:
    """What touches others is refused there too; what only loosens the session's own things is listed, each with why."""
    if case["method"] in ("SIGNAL", "LOOP"):
        pytest.skip("stands in test_endurance.py, because it asks for a world of its own")
    listed = ON_PURPOSE.get(case["id"], {})
    differs = ""
    try:
        _hold(own_world, case)
    except Touched:
        raise
    except AssertionError as error:
        differs = str(error)
    if listed.get("how") != "asks":  # whether the engine reaches a registry is no matter of the policy
        assert bool(differs) == bool(listed), differs or f"listed, and yet refused: {listed['why']}"


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['title']}" for case in CASES])
def test_case(world: World, case: dict[str, Any]) -> None:
    if case["method"] in ("SIGNAL", "LOOP"):
        pytest.skip("stands in test_endurance.py, because it asks for a world of its own")
    _hold(world, case)


class Touched(AssertionError):
    """Something that isn't the attacker's has changed, or was told: no policy allows that."""


def _hold(world: World, case: dict[str, Any]) -> None:
    """Perform a case, and see that its rules hold."""
    _settled(world)
    before = snapshot(world)
    answer = perform(world, case)
    try:
        try:
            assert snapshot(world) == before
            assert harm(world) == []
            for word in victims_words(world):
                sent = world.fill(json.dumps(case)) + (attack_world.VICTIM_RECIPE if case["id"] == "A089" else "")
                assert word not in answer.text or word in sent, f"the answer holds {word}: {answer.text[:600]}"
        except AssertionError as error:
            raise Touched(str(error)) from error
        _expected(world, case, answer)
    finally:
        _tidy(world)


def _expected(world: World, case: dict[str, Any], answer: Answer) -> None:
    expect, shown = case["expect"], f"{answer.status} {answer.text[:400]}"
    check = CHECKS.get(case["id"])
    if case["id"] == "A013":
        assert world.ask("GET", "/v1.41/containers/smuggled/json").status == 404
    elif expect == "denied":
        if case["id"] != "A087":  # a commit is lawful; what counts is what another's build takes from it
            assert answer.refused, shown
            if answer.status in (403, 404) and answer.body:
                assert answer.json["message"], shown
    elif expect == "scoped":
        assert answer.status in (0, 200, 201, 204) or answer.refused, shown
    elif expect == "allowed":
        assert answer.status in (101, 200, 201, 204, 304), shown
        assert '"errorDetail"' not in answer.text or case["id"] == "L036", shown
    else:
        assert answer.status in (200, 201, 204, 101) or answer.refused, shown
    if check:
        check(world, answer)
