"""What the learner is shown: own names only, no folder of the machine, no label of ownership."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from own_names import ANONYMOUS, BASE, DB, DEFAULT_NET, OWN, SHOP_NET, SID, WEB

from course.gateway.policy import translate

FOREIGN_SID, VICTIM, VICTIM_NET = "b9b8b7b6b5b4", "f" * 64, "7" * 64
FOREIGN_IMAGE = "sha256:" + "7" * 64
OWNED = {"org.slipway.session": SID, "org.slipway.owner": "0-abc", "org.slipway.image": "shop:1"}

INSPECT: dict[str, Any] = {
    "Id": WEB,
    "Name": f"/sw-{SID}--web",
    "Image": OWN,
    "ResolvConfPath": f"/var/lib/docker/containers/{WEB}/resolv.conf",
    "HostnamePath": f"/var/lib/docker/containers/{WEB}/hostname",
    "HostsPath": f"/var/lib/docker/containers/{WEB}/hosts",
    "LogPath": f"/var/lib/docker/containers/{WEB}/x-json.log",
    "State": {"Status": "created", "Error": f"cannot link to /sw-{SID}--db"},
    "GraphDriver": {"Name": "overlay2", "Data": {"UpperDir": "/var/lib/docker/overlay2/abc/diff"}},
    "Config": {"Image": OWN, "Labels": {**OWNED, "a": "b"}, "Env": ["A=1"]},
    "HostConfig": {
        "NetworkMode": DEFAULT_NET,
        "CgroupParent": f"/slipway/{SID}",
        "Binds": [f"sw-{SID}--data:/d:rw"],
        "Mounts": [{"Type": "volume", "Source": f"sw-{SID}--data", "Target": "/e"}],
        "VolumesFrom": [f"{DB}:ro"],
        "PidMode": "",
    },
    "Mounts": [
        {"Type": "volume", "Name": f"sw-{SID}--data", "Source": "/var/lib/docker/volumes/x/_data", "Destination": "/d"},
        {"Type": "volume", "Name": ANONYMOUS, "Source": "/var/lib/docker/volumes/y/_data", "Destination": "/e"},
        {"Type": "tmpfs", "Source": "", "Destination": "/t"},
    ],
    "NetworkSettings": {
        "SandboxKey": "/var/run/docker/netns/abc",
        "IPAddress": "",
        "Gateway": "",
        "Networks": {
            f"container:sw-{SID}--bridge": {
                "NetworkID": DEFAULT_NET,
                "Aliases": ["web", WEB[:12]],
                "IPAddress": "10.0.0.2",
            },
            f"sw-{SID}--net1": {
                "NetworkID": SHOP_NET,
                "Aliases": ["web", "shop", WEB[:12]],
                "DNSNames": [f"sw-{SID}--web", "web", "shop"],
            },
        },
    },
}


def no_trace(value: Any) -> None:
    """Nothing in an answer tells of the machine, of the gateway or of another session."""
    text = json.dumps(value)
    for word in ("sw-", "slipway.invalid", "/var/", "org.slipway.session", "org.slipway.owner", VICTIM, FOREIGN_SID):
        assert word not in text, word


def test_a_container_is_shown_in_the_learners_words(names):
    before = copy.deepcopy(INSPECT)
    shown = translate.container_inspect(INSPECT, names)
    no_trace(shown)
    assert before == INSPECT  # the engine's answer is left alone
    assert shown["Name"] == "/web"
    assert shown["Config"] == {"Image": "shop:1", "Labels": {"a": "b"}, "Env": ["A=1"]}
    assert shown["HostConfig"]["NetworkMode"] == "default"
    assert shown["HostConfig"]["CgroupParent"] == ""
    assert shown["HostConfig"]["Binds"] == ["data:/d:rw"]
    assert shown["HostConfig"]["Mounts"][0]["Source"] == "data"
    assert shown["HostConfig"]["VolumesFrom"] == ["db:ro"]
    assert [mount.get("Name") for mount in shown["Mounts"]] == ["data", ANONYMOUS, None]
    assert shown["State"]["Error"] == "cannot link to /db"
    assert set(shown) == set(INSPECT)  # every key stays


def test_the_networks_of_a_container_are_shown_without_what_the_gateway_added(names):
    settings = translate.container_inspect(INSPECT, names)["NetworkSettings"]
    assert settings["Networks"]["bridge"]["Aliases"] is None
    assert settings["Networks"]["net1"]["Aliases"] == ["shop", WEB[:12]]
    assert settings["Networks"]["net1"]["DNSNames"] == ["shop"]
    assert settings["IPAddress"] == "10.0.0.2"  # as the engine repeats it for its default network


def test_an_own_network_as_the_main_one_keeps_its_name(names):
    answer = {**INSPECT, "HostConfig": {"NetworkMode": SHOP_NET}}
    assert translate.container_inspect(answer, names)["HostConfig"]["NetworkMode"] == "net1"
    for mode in ("none", f"container:{DB}"):
        answer = {**INSPECT, "HostConfig": {"NetworkMode": mode}}
        assert translate.container_inspect(answer, names)["HostConfig"]["NetworkMode"] == mode


ROW = {
    "Id": WEB,
    "Names": [f"/sw-{SID}--web"],
    "Image": OWN,
    "ImageID": OWN,
    "Labels": {**OWNED, "a": "b"},
    "HostConfig": {"NetworkMode": DEFAULT_NET},
    "NetworkSettings": {"Networks": {f"sw-{SID}--bridge": {"NetworkID": DEFAULT_NET}}},
    "Mounts": [{"Type": "volume", "Name": f"sw-{SID}--data", "Source": "/var/lib/docker/volumes/x/_data"}],
}


def test_a_list_has_own_rows_only(names):
    foreign = {**ROW, "Id": VICTIM, "Names": [f"/sw-{FOREIGN_SID}--web"]}
    shown = translate.container_list([ROW, foreign], names)
    no_trace(shown)
    assert [row["Names"] for row in shown] == [["/web"]]
    assert shown[0]["Image"] == "shop:1" and shown[0]["Labels"] == {"a": "b"}
    assert list(shown[0]["NetworkSettings"]["Networks"]) == ["bridge"]


def test_a_row_shows_the_id_once_its_tag_has_moved(names):
    names.tags["shop:1"] = BASE
    assert translate.container_list([ROW], names)[0]["Image"] == OWN


def test_created_and_stats(names):
    assert translate.container_created({"Id": WEB, "Warnings": None}) == {"Id": WEB, "Warnings": []}
    assert translate.stats({"name": f"/sw-{SID}--web", "id": WEB}, names) == {"name": "/web", "id": WEB}


def test_a_network_shows_own_containers_only(names):
    answer = {
        "Id": SHOP_NET,
        "Name": f"sw-{SID}--net1",
        "Labels": {**OWNED, "a": "b"},
        "Options": {"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"},
        "Containers": {WEB: {"Name": f"sw-{SID}--web"}, VICTIM: {"Name": f"sw-{FOREIGN_SID}--web"}},
    }
    shown = translate.network_inspect(answer, names)
    no_trace(shown)
    assert shown == {
        "Id": SHOP_NET, "Name": "net1", "Labels": {"a": "b"}, "Options": {}, "Containers": {WEB: {"Name": "web"}},
    }  # fmt: skip
    foreign = {**answer, "Id": VICTIM_NET, "Name": f"sw-{FOREIGN_SID}--net1"}
    assert [row["Name"] for row in translate.network_list([answer, foreign], names)] == ["net1"]


def test_a_volume_shows_no_folder_of_the_machine(names):
    answer = {"Name": f"sw-{SID}--data", "Labels": dict(OWNED), "Mountpoint": "/var/lib/docker/volumes/x/_data"}
    foreign = {"Name": f"sw-{FOREIGN_SID}--data", "Labels": {}, "Mountpoint": "/var/lib/docker/volumes/y/_data"}
    assert translate.volume(answer, names) == {"Name": "data", "Labels": None, "Mountpoint": ""}
    shown = translate.volume_list({"Volumes": [answer, foreign], "Warnings": ["x"]}, names)
    assert [row["Name"] for row in shown["Volumes"]] == ["data"] and shown["Warnings"] is None
    assert translate.volume_list({"Volumes": None}, names)["Volumes"] == []


IMAGE = {
    "Id": OWN,
    "RepoTags": [f"slipway.invalid/{SID}/d/shop:1", f"slipway.invalid/{SID}/hold:66", "victim/shop:1"],
    "RepoDigests": ["victim/shop@sha256:" + "1" * 64],
    "Parent": FOREIGN_IMAGE,
    "Config": {"Labels": {**OWNED, "org.slipway.base": "busybox"}, "Image": BASE},
    "ContainerConfig": {"Labels": None, "Image": f"slipway.invalid/{FOREIGN_SID}/d/x:1"},
    "GraphDriver": {"Name": "overlay2", "Data": {"UpperDir": "/var/lib/docker/overlay2/abc/diff"}},
}


def test_an_image_shows_the_learners_names_only(names):
    names.digests["localhost:5000/shop@sha256:" + "2" * 64] = OWN
    shown = translate.image_inspect(IMAGE, names)
    no_trace(shown)
    assert shown["RepoTags"] == ["shop:1"]
    assert shown["RepoDigests"] == ["localhost:5000/shop@sha256:" + "2" * 64]
    assert shown["Parent"] == "" and translate.image_inspect({**IMAGE, "Parent": BASE}, names)["Parent"] == BASE
    assert shown["Config"]["Labels"] == {"org.slipway.base": "busybox"}
    assert shown["ContainerConfig"]["Image"] == "…"


def test_an_image_list_has_own_and_base_images(names):
    rows = [
        {"Id": OWN, "RepoTags": IMAGE["RepoTags"], "ParentId": FOREIGN_IMAGE, "Labels": None},
        {"Id": BASE, "RepoTags": ["course/busybox:latest"], "ParentId": "", "Labels": {"org.slipway.base": "busybox"}},
        {"Id": FOREIGN_IMAGE, "RepoTags": ["victim:1"], "ParentId": OWN},
    ]
    shown = translate.image_list(rows, names)
    no_trace([{**row, "Id": ""} for row in shown])
    assert [row["RepoTags"] for row in shown] == [["shop:1"], ["course/busybox:latest"]]
    assert shown[0]["ParentId"] == ""


def test_an_own_image_without_a_name_is_dangling_unless_it_is_a_step_of_another(names, monkeypatch):
    step = "sha256:" + "8" * 64
    find = names.image
    monkeypatch.setattr(names, "image", lambda ref: step if ref == step else find(ref))
    rows = [{"Id": OWN, "ParentId": "", "RepoTags": None}, {"Id": step, "ParentId": "", "RepoTags": None}]
    assert [row["RepoTags"] for row in translate.image_list(rows, names)] == [["shop:1"], ["<none>:<none>"]]
    rows[0]["ParentId"] = step
    assert [row["Id"] for row in translate.image_list(rows, names)] == [OWN]
    assert [row["Id"] for row in translate.image_list(rows, names, all_images=True)] == [OWN, step]


def test_a_history_shows_the_learners_tags(names):
    layers = [
        {"Id": OWN, "Tags": IMAGE["RepoTags"], "CreatedBy": "COPY x"},
        {"Id": "<missing>", "Tags": None, "CreatedBy": f"FROM slipway.invalid/{SID}/d/shop:1"},
    ]
    shown = translate.image_history(layers, names)
    no_trace(shown)
    assert [row["Tags"] for row in shown] == [["shop:1"], None]


def event(kind: str, engine_id: str, action: str = "create", **attributes: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Type": kind, "Action": action, "Actor": {"ID": engine_id, "Attributes": attributes}, "scope": "local",
        "time": 1, "timeNano": 1,
    }  # fmt: skip
    if kind in ("container", "image"):
        document |= {"status": action, "id": engine_id, "from": attributes.get("image", "")}
    return document


def test_own_events_are_shown_in_the_learners_words(names):
    shown = translate.event(event("container", WEB, name=f"sw-{SID}--web", image=OWN, **OWNED), names)
    assert shown is not None
    no_trace(shown)
    assert shown["Actor"] == {"ID": WEB, "Attributes": {"name": "web", "image": "shop:1"}}
    assert (shown["id"], shown["from"], shown["status"]) == (WEB, "shop:1", "create")
    renamed = translate.event(event("container", WEB, "rename", name=f"sw-{SID}--web", oldName=f"/sw-{SID}--a"), names)
    assert renamed is not None and renamed["Actor"]["Attributes"]["oldName"] == "/a"
    connect = translate.event(event("network", SHOP_NET, "connect", name=f"sw-{SID}--net1", container=WEB), names)
    assert connect is not None and connect["Actor"]["Attributes"] == {"name": "net1", "container": WEB}
    mount = translate.event(event("volume", f"sw-{SID}--data", "mount", container=WEB), names)
    assert mount is not None and mount["Actor"]["ID"] == "data"
    tag = translate.event(event("image", OWN, "tag", name=f"slipway.invalid/{SID}/d/shop:1"), names)
    assert tag is not None and tag["Actor"]["Attributes"]["name"] == "shop:1"
    removed = translate.event(event("image", OWN, "delete", name=OWN), names)
    assert removed is not None and removed["id"] == OWN


@pytest.mark.parametrize(
    "document",
    [
        event("container", VICTIM, name=f"sw-{FOREIGN_SID}--web"),
        event("network", VICTIM_NET, name=f"sw-{FOREIGN_SID}--net1"),
        event("network", SHOP_NET, "connect", name=f"sw-{SID}--net1", container=VICTIM),
        event("volume", f"sw-{FOREIGN_SID}--data"),
        event("volume", f"sw-{SID}--data", "mount", container=VICTIM),
        event("image", FOREIGN_IMAGE, "tag", name=f"slipway.invalid/{FOREIGN_SID}/d/shop:1"),
        event("image", OWN, "tag", name=f"slipway.invalid/{SID}/hold:66"),
        event("image", OWN, "tag", name="victim:1"),
        event("image", BASE, "tag", name="course/busybox:latest"),
        event("image", BASE, "delete", name=BASE),
        event("image", FOREIGN_IMAGE, "delete", name=FOREIGN_IMAGE),
        event("daemon", "x", "reload"),
        event("plugin", "x"),
        event("builder", "", "prune"),
        {"Type": "container"},
    ],
)
def test_no_other_event_is_shown(document, names):
    assert translate.event(document, names) is None


@pytest.mark.parametrize(
    "engine, shown",
    [
        (f'Conflict. The container name "/sw-{SID}--web" is already in use', 'Conflict. The container name "/web" is'),
        (f"network sw-{SID}--bridge not found", "network bridge not found"),
        (f"pull access denied for slipway.invalid/{SID}/d/shop, repository", "denied for shop, repository"),
        (f"tag slipway.invalid/{SID}/h/localhost__5000/a/b:1.", "tag localhost:5000/a/b:1."),
        (f"untagged: slipway.invalid/{SID}/hold:abc", "untagged: …"),
        (f"container sw-{FOREIGN_SID}--secret is running", "container … is running"),
        (f"image slipway.invalid/{FOREIGN_SID}/d/secret:1 has", "image … has"),
        ("open /var/lib/docker/overlay2/abc/merged/x: no such file", "open …: no such file"),
        ("open /srv/x/data/containers/abc/y.log failed", "open … failed"),
        ("stat /etc/passwd: permission denied", "stat /etc/passwd: permission denied"),
        ("nothing to change", "nothing to change"),
    ],
)
def test_words_of_the_engine(engine, shown, names):
    assert shown in translate.text(engine, names)


def test_an_error_is_one_message(names):
    assert translate.error({"message": f"no sw-{SID}--web"}, names) == {"message": "no web"}
    assert translate.error("plain", names) == {"message": "plain"}
    assert translate.error(None, names)["message"]
