"""Networks and volumes: names and labels, and nothing that reaches further."""

from __future__ import annotations

import json
from typing import Any

import pytest
from own_names import DEFAULT_NET, SHOP_NET, SID, WEB

from course.gateway.policy import network, volume
from course.gateway.policy.refusal import Refusal

CAP = 4096


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


CLI_NETWORK = {
    "Name": "net2", "Driver": "bridge", "Scope": "", "IPAM": {"Driver": "default", "Options": {}, "Config": []},
    "Internal": False, "Attachable": False, "Ingress": False, "ConfigOnly": False, "ConfigFrom": None, "Options": {},
    "Labels": {}, "CheckDuplicate": True,
}  # fmt: skip


def test_a_network_as_the_cli_sends_it():
    assert network.parse_create(raw(CLI_NETWORK), CAP) == network.NetworkSpec("net2", False, {})
    inside = network.parse_create(raw({**CLI_NETWORK, "Internal": True, "Labels": {"a": "b"}}), CAP)
    assert inside == network.NetworkSpec("net2", True, {"a": "b"})


@pytest.mark.parametrize(
    "fields",
    [
        {"Driver": "macvlan"},
        {"Driver": "host"},
        {"Driver": "bridge", "Options": {"parent": "eth0"}},
        {"Options": {"com.docker.network.bridge.name": "docker0"}},
        {"IPAM": {"Config": [{"Subnet": "198.51.100.0/24"}]}},
        {"IPAM": {"Driver": "null"}},
        {"IPAM": {"config": [{"Subnet": "198.51.100.0/24"}]}},
        {"EnableIPv6": True},
        {"Scope": "swarm"},
        {"Ingress": True},
        {"ConfigOnly": True},
        {"ConfigFrom": {"Network": "victim"}},
        {"Labels": {"org.slipway.owner": "x"}},
        {"Name": "bridge"},
        {"Name": "host"},
        {"Name": "none"},
        {"Name": "abcdef012345"},
        {"Name": "a b"},
        {"Name": ""},
        {"Tomorrow": 1},
    ],
)
def test_a_network_with_more_is_refused(fields):
    with pytest.raises(Refusal):
        network.parse_create(raw({"Name": "net2", **fields}), CAP)


def test_a_connection_resolves_both_ends_and_adds_the_own_name(names):
    spec = network.parse_connect(raw({"Container": WEB[:12], "EndpointConfig": {"Aliases": ["shop"]}}), CAP)
    built = spec.connect_request(names, "net1")
    assert built.parts == ("networks", SHOP_NET, "connect")
    assert built.body == {"Container": WEB, "EndpointConfig": {"Aliases": ["web", "shop"]}}
    leave = network.parse_disconnect(raw({"Container": "web", "Force": True}), CAP)
    assert leave.disconnect_request(names, "bridge").parts == ("networks", DEFAULT_NET, "disconnect")
    assert leave.disconnect_request(names, "bridge").body == {"Container": WEB, "Force": True}


@pytest.mark.parametrize(
    "container, target, endpoint, status",
    [
        ("victim", "net1", {}, 404),
        ("f" * 12, "net1", {}, 404),
        ("web", "victim", {}, 404),
        ("web", "net1", {"NetworkID": "f" * 64}, 403),
        ("web", "net1", {"IPAMConfig": {"IPv4Address": "10.0.0.1"}}, 403),
        ("web", "net1", {"Links": ["victim"]}, 403),
        ("web", "net1", {"DriverOpts": {"a": "b"}}, 403),
        ("web", "net1", {"Aliases": ["a b"]}, 400),
        ("", "net1", {}, 400),
    ],
)
def test_a_connection_to_anything_else_is_refused(container, target, endpoint, status, names):
    with pytest.raises(Refusal) as refused:
        body = raw({"Container": container, "EndpointConfig": endpoint})
        network.parse_connect(body, CAP).connect_request(names, target)
    assert refused.value.status == status


def test_a_volume_has_a_name_and_labels_only(names):
    spec = volume.parse_create(raw({"Name": "data2", "Driver": "local", "DriverOpts": {}, "Labels": {"a": "b"}}), CAP)
    assert spec.engine_request(names).body == {
        "Name": f"sw-{SID}--data2",
        "Driver": "local",
        "Labels": {"a": "b", **names.labels()},
    }
    assert len(volume.parse_create(b"{}", CAP).name) == 64


@pytest.mark.parametrize(
    "fields",
    [
        {"DriverOpts": {"type": "none", "o": "bind", "device": "/etc"}},
        {"Driver": "sshfs"},
        {"ClusterVolumeSpec": {"Group": "x"}},
        {"Labels": {"org.slipway.session": "x"}},
        {"Name": "../x"},
        {"Name": "f" * 64},
        {"name": "data"},
    ],
)
def test_a_volume_with_more_is_refused(fields):
    with pytest.raises(Refusal):
        volume.parse_create(raw({"Name": "data2", **fields}), CAP)
