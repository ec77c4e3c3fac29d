"""Tag, push, pull, commit and remove: own names and own images only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from own_names import BASE, OWN, SID, WEB

from course.gateway.policy import image
from course.gateway.policy.query import Query
from course.gateway.policy.refusal import Refusal

CAP = 4096


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


def test_a_tag_goes_to_the_engine_name(names):
    built, ref = image.tag_request(Query({"repo": "mine", "tag": "2"}), names, "shop:1")
    assert built.parts == ("images", OWN, "tag")
    assert built.query == {"repo": f"slipway.invalid/{SID}/d/mine", "tag": "2"}
    assert ref.familiar() == "mine:2"
    registry, _ = image.tag_request(Query({"repo": "localhost:5000/mine"}), names, "course/busybox")
    assert registry.query == {"repo": f"slipway.invalid/{SID}/h/localhost__5000/mine", "tag": "latest"}


@pytest.mark.parametrize(
    "query, source, status",
    [
        ({"repo": "course/busybox", "tag": "latest"}, "shop:1", 403),
        ({"repo": "docker.io/course/node"}, "shop:1", 403),
        ({"repo": "mine"}, "victim:1", 404),
        ({"repo": "mine"}, "7" * 12, 404),
        ({"repo": ""}, "shop:1", 400),
        ({"repo": "mine:1", "tag": "2"}, "shop:1", 400),
        ({"repo": "mine", "tag": "sha256:" + "a" * 64}, "shop:1", 400),
        ({"repo": "Mine"}, "shop:1", 400),
    ],
)
def test_a_tag_that_is_not_ones_own_is_refused(query, source, status, names):
    with pytest.raises(Refusal) as refused:
        image.tag_request(Query(query), names, source)
    assert refused.value.status == status


def test_a_push_reaches_an_own_registry_only():
    transfer = image.parse_push("127.0.0.1:5000/mine", Query({"tag": "1"}), ["localhost:5000"])
    assert (transfer.host, transfer.target, transfer.tag) == ("localhost:5000", "127.0.0.1:5000/mine", "1")
    for name in ("evil.example/x", "mine", "localhost:5001/x", "localhost/x", "127.0.0.2:5000/x", "course/busybox"):
        with pytest.raises(Refusal) as refused:
            image.parse_push(name, Query({"tag": "1"}), ["localhost:5000"])
        assert refused.value.status == 403


def test_a_pull_is_of_a_base_image_or_from_an_own_registry():
    base = image.parse_pull(Query({"fromImage": "course/busybox", "tag": "latest"}), [])
    assert (base.kind, base.reference.familiar()) == ("base", "course/busybox:latest")
    own = image.parse_pull(Query({"fromImage": "localhost:5000/mine:2"}), ["localhost:5000"])
    assert (own.kind, own.target, own.tag) == ("registry", "localhost:5000/mine", "2")
    digest = "sha256:" + "a" * 64
    pinned = image.parse_pull(Query({"fromImage": "localhost:5000/mine", "tag": digest}), ["localhost:5000"])
    assert (pinned.tag, pinned.digest) == ("", digest)
    for name in ("ubuntu", "169.254.169.254:80/x", "localhost:1/x"):
        with pytest.raises(Refusal):
            image.parse_pull(Query({"fromImage": name}), ["localhost:5000"])
    with pytest.raises(Refusal):
        image.parse_pull(Query({}), [])


def test_a_commit_is_of_an_own_container_and_sheds_the_ownership(names):
    query = Query({"container": "web", "repo": "mine", "tag": "1", "pause": True, "changes": ('cmd ["a"]',)})
    built = image.parse_commit(b"{}", query, CAP).engine_request(names)
    assert built.parts == ("commit",) and built.body == {}
    assert built.query["container"] == WEB
    assert (built.query["repo"], built.query["tag"]) == (f"slipway.invalid/{SID}/d/mine", "1")
    assert built.query["changes"][0] == 'CMD ["a"]'
    assert 'org.slipway.session=""' in built.query["changes"][-1]


@pytest.mark.parametrize(
    "body, query, status",
    [
        ({}, {"container": "victim"}, 404),
        ({"Labels": {"a": "b"}}, {"container": "web"}, 403),
        ({"Cmd": ["a"]}, {"container": "web"}, 403),
        ({}, {"container": "web", "repo": "course/busybox"}, 403),
        ({}, {"container": "web", "tag": "1"}, 400),
        ({}, {"container": "web", "changes": ("ONBUILD COPY --from=victim / /",)}, 403),
        ({}, {"container": "web", "changes": ("RUN id",)}, 403),
        ({}, {"container": "web", "changes": ("FROM victim",)}, 403),
        ({}, {"container": "web", "changes": ("CMD a\nONBUILD RUN x",)}, 403),
        ({}, {"container": "web", "changes": ("CMD a \\", "b")}, 400),
        ({}, {"container": "web", "changes": ("# escape=`",)}, 400),
        ({}, {"container": "web", "changes": ("CMD",)}, 400),
        ({}, {"container": "web", "changes": ("LABEL org.slipway.session=x",)}, 403),
        ({}, {"container": "web", "changes": ('LABEL "org.sl"ipway.session=x',)}, 403),
        ({}, {"container": "web", "changes": ("label ORG.slip\\way.base=x",)}, 403),
        ({}, {"container": "web", "changes": ("ENV P=org.slipway.", "LABEL a=b ${P}session=x")}, 403),
        ({}, {"container": "web", "changes": ('LABEL "a $P"=x',)}, 403),
        ({}, {"container": "web", "changes": ("LABEL $P session",)}, 403),
    ],
)
def test_a_commit_of_more_is_refused(body, query, status, names):
    with pytest.raises(Refusal) as refused:
        image.parse_commit(raw(body), Query(query), CAP).engine_request(names)
    assert refused.value.status == status


def test_removing_by_name_untags_and_deletes_with_the_last_name(names):
    names.tags["shop:2"] = OWN
    one = image.remove_check(Query({}), names, "shop:2")
    assert (one.id, one.untag, one.delete) == (OWN, ("shop:2",), False)
    del names.tags["shop:2"]
    last = image.remove_check(Query({"force": True}), names, "shop:1")
    assert (last.untag, last.delete, last.force) == (("shop:1",), True, True)


@pytest.mark.parametrize("second", ["shop:2", "store:1"])
def test_removing_by_id_takes_one_name_and_several_only_by_force(second, names):
    assert image.remove_check(Query({}), names, OWN[7:19]).untag == ("shop:1",)
    names.tags[second] = OWN
    with pytest.raises(Refusal) as refused:
        image.remove_check(Query({}), names, OWN)
    conflict = f"conflict: unable to delete {OWN[7:19]} (must be forced) - image is referenced in multiple repositories"
    assert (refused.value.status, refused.value.message) == (409, conflict)
    assert image.remove_check(Query({"force": True}), names, OWN).untag == ("shop:1", second)


@pytest.mark.parametrize("ref, status", [("victim:1", 404), ("7" * 64, 404), ("course/busybox", 403), (BASE[:19], 403)])
def test_removing_what_is_not_ones_own_is_refused(ref, status, names):
    with pytest.raises(Refusal) as refused:
        image.remove_check(Query({"force": True}), names, ref)
    assert refused.value.status == status


def test_an_own_name_of_a_base_image_is_untagged_and_the_image_stays(names):
    names.tags["mine:1"] = BASE
    plan = image.remove_check(Query({}), names, "mine:1")
    assert (plan.untag, plan.delete) == (("mine:1",), False)
