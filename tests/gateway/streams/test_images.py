"""Image archives go from one session to another, on both engines, and bring only what is in them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import tarfile
from dataclasses import replace
from typing import Any

import pytest
from stream_bench import Bench, Entry, feed, gather, pack, run, special, unpack

from course.gateway.policy import reference
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import Scope
from course.gateway.streams import LoadedImage, rewrite_load, rewrite_save


def load(scope: Scope, data: bytes) -> tuple[tuple[LoadedImage, ...], bytes]:
    async def work() -> tuple[tuple[LoadedImage, ...], bytes]:
        stream = rewrite_load(feed(data), names=scope)
        output = await gather(aiter(stream))
        return stream.images, output

    answer: tuple[tuple[LoadedImage, ...], bytes] = run(work())
    return answer


def refusal(scope: Scope, data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        load(scope, data)
    return caught.value


def save(scope: Scope, data: bytes) -> dict[str, bytes | str]:
    return unpack(run(gather(rewrite_save(feed(data), sid=scope.sid))))


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


LAYER = pack(("file", b"content" * 20_000))
SMALL = pack(("{small", b"1"))


def image(*layers: bytes, **extra: Any) -> bytes:
    return json.dumps(
        {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha(one) for one in layers]}, **extra}
    ).encode()


def archive(config: bytes, layers: list[Entry], tags: list[str] | None = None, **extra: Any) -> bytes:
    paths = [one.name if isinstance(one, tarfile.TarInfo) else one[0] for one in layers]
    manifest = [{"Config": "c.json", "RepoTags": tags, "Layers": paths, **extra}]
    return pack(*layers, ("c.json", config), ("manifest.json", json.dumps(manifest).encode()))


def manifest_of(data: bytes) -> Any:
    found = unpack(data)["manifest.json"]
    assert isinstance(found, bytes)
    return json.loads(found)


# ---- load: names


def test_names_become_the_sessions(scope: Scope) -> None:
    config = image(LAYER)
    (found,), output = load(
        scope, archive(config, [("l.tar", LAYER)], ["shop:1", "localhost:5000/shop:2"], Parent="sha256:" + "f" * 64)
    )
    assert found == LoadedImage(
        sha(config),
        ("shop:1", "localhost:5000/shop:2"),
        (f"slipway.invalid/{scope.sid}/d/shop:1", f"slipway.invalid/{scope.sid}/h/localhost__5000/shop:2"),
        len(LAYER),
    )
    (entry,) = manifest_of(output)
    config_file = blob(config)[0]
    assert entry == {"Config": config_file, "RepoTags": list(found.engine_references), "Layers": ["0.tar"]}
    assert set(unpack(output)) == {"0.tar", config_file, "manifest.json"}


@pytest.mark.parametrize(
    "tag", ["course/busybox:latest", "course/busybox", "docker.io/course/node:9", "index.docker.io/course/python:1"]
)
def test_the_name_of_a_base_image_is_refused(scope: Scope, tag: str) -> None:
    """A081."""
    assert refusal(scope, archive(image(LAYER), [("l.tar", LAYER)], [tag])).status == 403


@pytest.mark.parametrize("tag", ["slipway.invalid/b00000000002/d/shop:1", "slipway.invalid/b00000000002/hold:1"])
def test_names_of_the_gateway_are_refused(scope: Scope, tag: str) -> None:
    assert refusal(scope, archive(image(LAYER), [("l.tar", LAYER)], [tag])).status == 403


def test_two_images_with_one_name_are_refused(scope: Scope) -> None:
    configs = image(LAYER), image(LAYER, created="later")
    manifest = [
        {"Config": f"{n}.json", "RepoTags": [name], "Layers": ["l"]} for n, name in enumerate(("a", "a:latest"))
    ]
    files = [
        ("l", LAYER),
        ("0.json", configs[0]),
        ("1.json", configs[1]),
        ("manifest.json", json.dumps(manifest).encode()),
    ]
    assert "two images" in refusal(scope, pack(*files)).message


# ---- load: layers


def test_a_layer_that_is_only_named_is_refused(scope: Scope) -> None:
    """The engine would take the bytes from whoever has that chain of layers."""
    assert "is not in it" in refusal(scope, archive(image(LAYER), [special("l.tar", tarfile.SYMTYPE, "gone")])).message
    manifest = [{"Config": "c", "RepoTags": None, "Layers": ["l.tar"]}]
    assert refusal(scope, pack(("c", image(LAYER)), ("manifest.json", json.dumps(manifest).encode()))).status == 403


def test_a_layer_with_other_bytes_is_refused(scope: Scope) -> None:
    assert refusal(scope, archive(image(LAYER), [("l.tar", pack(("file", b"other" * 20_000)))])).status == 403
    assert refusal(scope, archive(image(SMALL), [("l.tar", pack(("{smalx", b"1")))])).status == 403


@pytest.mark.parametrize("layers", [[], ["l.tar", "l.tar"]])
def test_more_or_fewer_layers_than_the_config_says_are_refused(scope: Scope, layers: list[str]) -> None:
    manifest = [{"Config": "c", "RepoTags": None, "Layers": layers}]
    files = [("l.tar", LAYER), ("c", image(LAYER)), ("manifest.json", json.dumps(manifest).encode())]
    assert refusal(scope, pack(*files)).status == 400


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("layer", [LAYER, SMALL])
def test_compressed_layers_and_archives_are_read(scope: Scope, compress: Any, layer: bytes) -> None:
    (found,), _ = load(scope, compress(archive(image(layer), [("l.tar", compress(layer))])))
    assert found.size == len(layer)


def test_a_layer_written_once_and_linked_to_is_found(scope: Scope) -> None:
    """20.10 writes `<id>/layer.tar` as a link to an equal one."""
    link = special("b/layer.tar", tarfile.SYMTYPE, "../a/layer.tar")
    (found,), output = load(scope, archive(image(LAYER, LAYER), [("a/layer.tar", LAYER), link]))
    assert manifest_of(output)[0]["Layers"] == ["0.tar", "0.tar"]
    assert found.size == 2 * len(LAYER)


def test_a_bomb_in_a_layer_is_stopped(scope: Scope) -> None:
    """A137."""
    zeros = gzip.compress(bytes(64 * 1024 * 1024))
    assert refusal(scope, archive(image(LAYER), [("l.tar", zeros)])).status == 413
    small = replace(scope.policy.limits, image_tar=1024 * 1024)
    scope.policy = replace(scope.policy, limits=small)
    assert "quota image_tar" in refusal(scope, gzip.compress(bytes(8 * 1024 * 1024))).message


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_layer_with_a_sparse_member_is_refused(scope: Scope, compress: Any) -> None:
    """The engine would write the zeros that it claims, as root and without a limit."""
    info = tarfile.TarInfo("big")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**50)}
    layer = pack(info, ("more", bytes(100_000)))
    found = refusal(scope, archive(image(layer), [("l.tar", compress(layer))]))
    assert (found.status, "sparse" in found.message) == (403, True)


# ---- load: the OCI layout


def blob(content: bytes) -> tuple[str, bytes]:
    return f"blobs/sha256/{sha(content)[7:]}", content


def oci(config: bytes, layers: list[bytes], manifest: bytes, *more: Entry, packed: list[bytes] | None = None) -> bytes:
    """An archive in both layouts, as engines write it from 25 on."""
    packed = packed or layers
    entry = {"Config": blob(config)[0], "RepoTags": ["shop:1"], "Layers": [blob(one)[0] for one in packed]}
    index = {
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": sha(manifest), "size": 1}]
    }
    files = {blob(one)[0]: one for one in (*packed, config, manifest)}
    files |= {
        "index.json": json.dumps(index).encode(),
        "manifest.json": json.dumps([entry]).encode(),
        "oci-layout": b"{}",
    }
    return pack(*files.items(), *more)


def oci_manifest(config: bytes, *layers: bytes, **extra: Any) -> bytes:
    digests = [{"digest": sha(one), "size": len(one)} for one in layers]
    return json.dumps({"config": {"digest": sha(config)}, "layers": digests, **extra}).encode()


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_oci_layout_keeps_its_digests_and_gets_the_sessions_names(scope: Scope, compress: Any) -> None:
    config, packed = image(LAYER), compress(LAYER)
    manifest = oci_manifest(config, packed)
    (found,), output = load(scope, oci(config, [LAYER], manifest, packed=[packed]))
    assert (found.id, found.manifest) == (sha(config), sha(manifest))
    files = unpack(output)
    assert set(files) == {
        "index.json",
        "manifest.json",
        "oci-layout",
        *(blob(one)[0] for one in (packed, config, manifest)),
    }
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    assert descriptor["annotations"]["io.containerd.image.name"] == f"slipway.invalid/{scope.sid}/d/shop:1"
    assert (descriptor["digest"], descriptor["size"]) == (sha(manifest), len(manifest))


def test_an_index_that_names_other_layers_is_refused(scope: Scope) -> None:
    """With the containerd image store an engine reads the index, and takes the blobs that it already has."""
    config = image(LAYER)
    assert refusal(scope, oci(config, [LAYER], oci_manifest(config, b"not in the archive"))).status == 403
    assert refusal(scope, oci(config, [LAYER], oci_manifest(config))).status == 403
    assert refusal(scope, oci(config, [LAYER], oci_manifest(config, LAYER, Layers=[]))).status == 400
    elsewhere = json.dumps(
        {"config": {"digest": sha(config)}, "layers": [{"digest": sha(LAYER), "urls": ["http://x"]}]}
    ).encode()
    assert refusal(scope, oci(config, [LAYER], elsewhere)).status == 403


def test_a_blob_whose_name_is_not_its_digest_is_refused(scope: Scope) -> None:
    config = image(LAYER)
    other = f"blobs/sha256/{'9' * 64}"
    assert refusal(scope, oci(config, [LAYER], oci_manifest(config, LAYER), (other, bytes(200_000)))).status == 400
    small = image(SMALL)
    renamed = oci(small, [SMALL], oci_manifest(small, SMALL)).replace(sha(SMALL)[7:].encode(), b"9" * 64)
    assert refusal(scope, renamed).status == 400


@pytest.mark.parametrize("index", [b"{}", b"[]", b'{"manifests":[1]}', b'{"manifests":{}}x'])
def test_an_index_that_is_none_is_refused(scope: Scope, index: bytes) -> None:
    config = image(LAYER)
    data = oci(config, [LAYER], oci_manifest(config, LAYER)).replace(b"index.json", b"indey.json")
    assert (
        refusal(
            scope, pack(*[(n, c) for n, c in unpack(data).items() if isinstance(c, bytes)], ("index.json", index))
        ).status
        == 400
    )


def test_without_a_manifest_for_each_image_only_manifest_json_is_sent(scope: Scope) -> None:
    config = image(LAYER)
    (found,), output = load(scope, oci(config, [LAYER], oci_manifest(b"another", LAYER)))
    assert found.manifest == ""
    assert "index.json" not in unpack(output)


# ---- load: what could be read in two ways


@pytest.mark.parametrize(
    "config",
    [
        b'{"rootfs":{"diff_ids":["%s"]},"RootFS":{"diff_ids":["sha256:ff"]}}',
        b'{"rootfs":{"diff_ids":["%s"]},"root\xc5\xbfs":1,"rootf\xc5\xbf":{"diff_ids":[]}}',
        b'{"rootfs":{"diff_ids":["%s"]},"rootfs":{"type":"layers"}}',
        b'{"rootfs":{"diff_ids":["%s"],"Diff_IDs":[]}}',
        b'{"ROOTFS":{"diff_ids":["%s"]}}',
        b'{"rootfs":{"diff_ids":"%s"}}',
        b'{"rootfs":{"diff_ids":["%s"]}} {}',
        b"[]",
    ],
)
def test_a_config_that_go_reads_differently_is_refused(scope: Scope, config: bytes) -> None:
    config = config.replace(b"%s", sha(LAYER).encode())
    assert refusal(scope, archive(config, [("l.tar", LAYER)])).status == 400


@pytest.mark.parametrize(
    "manifest", [b"", b"{}", b"[]", b"[1]", b'[{"Config":"c.json"}, 1]', b'[{"Layers":[]}]', b"[" * 5000]
)
def test_a_manifest_that_is_none_is_refused(scope: Scope, manifest: bytes) -> None:
    assert refusal(scope, pack(("c.json", image()), ("manifest.json", manifest))).status == 400


def test_archives_without_manifest_or_with_files_twice_are_refused(scope: Scope) -> None:
    assert refusal(scope, pack(("repositories", b"{}"))).status == 400
    assert refusal(scope, pack(("a", b""), ("./a", b""))).status == 400
    assert refusal(scope, pack(special("d", tarfile.BLKTYPE))).status == 403
    assert refusal(scope, archive(image(LAYER), [("../l.tar", LAYER)])).status == 403
    assert refusal(scope, archive(image(LAYER), [special("l.tar", tarfile.SYMTYPE, "/etc/passwd")])).status == 403
    assert refusal(scope, archive(image(LAYER), [special("l.tar", tarfile.SYMTYPE, "l.tar")])).status == 400


def test_more_images_than_the_quota_are_refused(scope: Scope) -> None:
    manifest = [{"Config": "c.json", "RepoTags": None, "Layers": []}] * (scope.policy.limits.images + 1)
    found = refusal(scope, pack(("c.json", image()), ("manifest.json", json.dumps(manifest).encode())))
    assert (found.status, "quota images" in found.message) == (413, True)


# ---- save


def test_names_of_a_save_are_the_learners_in_all_three_files(scope: Scope) -> None:
    own, hold = f"slipway.invalid/{scope.sid}/d/shop", f"slipway.invalid/{scope.sid}/hold"
    other = "slipway.invalid/b00000000002/d/secret"
    digest = {"digest": "sha256:1", "size": 1}
    index = {
        "manifests": [
            {
                **digest,
                "annotations": {"io.containerd.image.name": f"{own}:1", "org.opencontainers.image.ref.name": "1"},
            },
            {**digest, "annotations": {"io.containerd.image.name": f"{hold}:12"}},
            {"digest": "sha256:2", "annotations": {"io.containerd.image.name": f"{other}:1"}},
        ]
    }
    found = save(
        scope,
        pack(
            (
                "manifest.json",
                json.dumps([{"Config": "c", "RepoTags": [f"{own}:1", f"{hold}:12", f"{other}:1"]}]).encode(),
            ),
            ("repositories", json.dumps({own: {"1": "x"}, hold: {"12": "x"}, other: {"1": "y"}}).encode()),
            ("index.json", json.dumps(index).encode()),
            ("x/layer.tar", LAYER),
            special("y/layer.tar", tarfile.SYMTYPE, "../x/layer.tar"),
        ),
    )
    assert json.loads(found["manifest.json"]) == [{"Config": "c", "RepoTags": ["shop:1"]}]
    assert json.loads(found["repositories"]) == {"shop": {"1": "x"}}
    assert json.loads(found["index.json"])["manifests"] == [
        {
            **digest,
            "annotations": {
                "io.containerd.image.name": "docker.io/library/shop:1",
                "org.opencontainers.image.ref.name": "1",
            },
        },
        {"digest": "sha256:2", "annotations": {}},
    ]
    assert (found["x/layer.tar"], found["y/layer.tar"]) == (LAYER, "../x/layer.tar")


# ---- on the engine


def saved(bench: Bench, *references: str) -> bytes:
    api = bench.client.api
    answer = api._get(api._url("/images/get"), params={"names": list(references)}, stream=True)
    return b"".join(answer.iter_content(65536))


def test_an_image_goes_to_another_session_and_stays_the_same(each_bench: Bench) -> None:
    made = each_bench.own_image(
        each_bench.own, "localhost:5000/shop:1", "FROM course/busybox\nRUN echo hi > /f\nRUN true\nRUN true"
    )
    engine_name = reference.to_engine(each_bench.own.sid, "localhost:5000/shop:1")
    raw = saved(each_bench, engine_name)
    shown = run(gather(rewrite_save(feed(raw), sid=each_bench.own.sid)))
    assert b"slipway.invalid" not in shown
    assert manifest_of(shown)[0]["RepoTags"] == ["localhost:5000/shop:1"]
    each_bench.client.api.remove_image(engine_name, force=True)

    (found,), output = load(each_bench.other, shown)
    documents = each_bench.post("/images/load", output)

    assert any(f"Loaded image: {found.engine_references[0]}" in one.get("stream", "") for one in documents), documents
    again = each_bench.client.api.inspect_image(found.engine_references[0])
    assert (again["Id"], again["RepoTags"]) == (
        made,
        [reference.to_engine(each_bench.other.sid, "localhost:5000/shop:1")],
    )
    assert each_bench.run(made, "cat", "/f") == "hi\n"


def test_an_image_keeps_its_id_with_the_containerd_image_store(bench13_containerd: Bench) -> None:
    bench = bench13_containerd
    made = bench.own_image(bench.own, "shop:1", "FROM course/busybox\nRUN echo hi > /f")
    raw = saved(bench, reference.to_engine(bench.own.sid, "shop:1"))
    (found,), output = load(bench.other, run(gather(rewrite_save(feed(raw), sid=bench.own.sid))))
    bench.client.api.remove_image(made, force=True)

    bench.post("/images/load", output)

    assert found.manifest == made
    assert bench.client.api.inspect_image(found.engine_references[0])["Id"] == made
    assert bench.run(found.engine_references[0], "cat", "/f") == "hi\n"
    (base,), output = load(bench.own, saved(bench, "course/busybox:latest"))
    assert (base.manifest, base.references) == (bench.own.image("course/busybox"), ())


def test_several_images_in_one_archive(bench: Bench) -> None:
    names = ["one:1", "two:1"]
    ids = [bench.own_image(bench.own, name, f"FROM course/busybox\nENV A={name}") for name in names]
    raw = saved(bench, *(reference.to_engine(bench.own.sid, name) for name in names))
    found, output = load(bench.other, run(gather(rewrite_save(feed(raw), sid=bench.own.sid))))
    assert sorted(one.id for one in found) == sorted(ids)
    bench.post("/images/load", output)
    for one in found:
        assert bench.client.api.inspect_image(one.engine_references[0])["Id"] == one.id


def test_an_image_saved_by_its_id_has_no_name(bench: Bench) -> None:
    made = bench.own_image(bench.own, "one:1", "FROM course/busybox\nENV A=1")
    (found,), output = load(bench.other, run(gather(rewrite_save(feed(saved(bench, made)), sid=bench.own.sid))))
    assert (found.id, found.references) == (made, ())
    assert "error" not in json.dumps(bench.post("/images/load", output))


def test_a_base_image_is_loaded_without_its_name(bench: Bench) -> None:
    (found,), output = load(bench.own, saved(bench, "course/busybox:latest"))
    assert found.id == bench.own.image("course/busybox")
    assert manifest_of(output)[0]["RepoTags"] == []


def test_the_engine_does_hand_over_layers_that_are_only_named(bench: Bench) -> None:
    """Why each layer is hashed: sent to the engine as it is, this archive gives another session's file away."""
    secret = bench.own_image(bench.other, "secret", "FROM course/busybox\nRUN echo theirs > /secret")
    raw = saved(bench, secret)
    files = unpack(raw)
    ((config, layers),) = [(one["Config"], one["Layers"]) for one in manifest_of(raw)]
    stolen = json.loads(files[config])
    stolen["created"] = "2020-01-01T00:00:00Z"
    empty: list[Entry] = [(path, pack()) for path in layers]
    theft = archive(json.dumps(stolen).encode(), empty, ["loot:1"])

    assert refusal(bench.own, theft).status == 403

    bench.post("/images/load", theft)
    try:
        assert bench.run("loot:1", "cat", "/secret") == "theirs\n"
    finally:
        bench.client.api.remove_image("loot:1", force=True)


def test_the_engine_is_not_given_a_manifest_before_all_is_verified(scope: Scope) -> None:
    async def work() -> bytes:
        given = b""
        try:
            async for piece in rewrite_load(feed(archive(image(LAYER), [("l.tar", LAYER + bytes(512))])), names=scope):
                given += piece
        except Refusal:
            return given
        raise AssertionError("the layer was taken")

    given = run(work())
    assert given.startswith(b"0.tar\0")
    assert len(given) > len(LAYER) // 2  # the layer was on its way
    assert b"manifest.json" not in given
