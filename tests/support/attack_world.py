"""Two learners on one engine, for attacks: what the victim has, what the attacker has, and what must stay true."""

from __future__ import annotations

import io
import json
import re
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import docker
from raw_http import Answer, call

SECRET = "the-victims-own-secret"
VICTIM_RECIPE = f"FROM course/busybox\nLABEL owner=victim\nRUN echo {SECRET} > /secret\nRUN echo honest > /result\n"


def tar_of(files: Mapping[str, str | bytes], kind: str = "w") -> bytes:
    """A tar archive of text files, written without normalising their names."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=kind, format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def dockerfile(text: str, **more: str) -> bytes:
    """A build context."""
    return tar_of({"Dockerfile": text, **more})


@dataclass
class World:
    """One engine with a victim's session, an attacker's session, and a container that belongs to neither.

    Args:
        engine_url: the engine itself.
        attacker: the attacker's session socket.
        victim: the victim's session socket.
        sid: the attacker's session id.
        policy: of both sessions.
        names: values of the placeholders in a case.
    """

    engine_url: str
    attacker: str
    victim: str
    sid: str
    victim_sid: str
    policy: str = "class"
    names: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Replace the placeholders of a case."""
        for name, value in self.names.items():
            text = text.replace("{" + name + "}", value)
        return text

    def ask(self, method: str, path: str, **parts: Any) -> Answer:
        """One call as the attacker."""
        return call(self.attacker, method, path, **parts)

    def own_container(self, *, start: bool = True, cmd: list[str] | None = None, **config: Any) -> str:
        """A fresh container of the attacker; its names become the placeholders own, own_name, own_short."""
        name = f"own{uuid.uuid4().hex[:6]}x"
        body = {"Image": "course/busybox", "Cmd": cmd or ["sleep", "600"], **config}
        made = self.ask("POST", "/v1.41/containers/create", query={"name": name}, json=body)
        assert made.status == 201, made.text
        identity = made.json["Id"]
        if start:
            assert self.ask("POST", f"/v1.41/containers/{identity}/start").status == 204
        self.names |= {"own": identity, "own_name": name, "own_short": identity[:12]}
        return str(identity)

    def ensure_own_things(self) -> None:
        """Make the attacker's image, network and volume again where a case, such as a prune, has removed one."""
        paths = (f"images/{self.names['own_img_id']}/json", "networks/net0", "volumes/vol0")
        if any(self.ask("GET", f"/v1.41/{path}").status != 200 for path in paths):
            with closing(docker.DockerClient(base_url=self.attacker, version="1.41", timeout=120)) as client:
                self.names |= attackers_own(client)

    def own_exec(self, command: list[str], **more: Any) -> str:
        """A fresh exec instance in the attacker's container."""
        body = {"Cmd": command, "AttachStdout": True, **more}
        made = self.ask("POST", f"/v1.41/containers/{self.names['own']}/exec", json=body)
        assert made.status == 201, made.text
        self.names["own_exec"] = made.json["Id"]
        return str(made.json["Id"])

    def run(self, *command: str, timeout: int = 30) -> str:
        """Run a command in the attacker's container through an exec and return its output."""
        with closing(docker.DockerClient(base_url=self.attacker, version="1.41", timeout=timeout)) as client:
            return str(client.containers.get(self.names["own"]).exec_run(list(command)).output.decode(errors="replace"))

    def build(self, context: bytes, **query: str) -> Answer:
        """Build as the attacker."""
        headers = {"Content-Type": "application/x-tar"}
        return self.ask("POST", "/v1.41/build", query=query, body=context, headers=headers)


@contextmanager
def world(engine_url: str, policy: str = "class") -> Iterator[World]:
    """Open both sessions, give the victim something to lose, and end them."""
    from course.gateway import session

    with session(policy=policy) as victim, session(policy=policy) as attacker:
        made = World(engine_url, attacker.url, victim.url, attacker.id, victim.id, policy)
        with closing(docker.DockerClient(base_url=victim.url, version="1.41", timeout=120)) as client:
            made.names |= _victim(client)
        made.names |= {
            "victim_sid": victim.id,
            "base": "course/busybox",
            "base_repo": "course/busybox",
            "base_tag": "latest",
        }
        with closing(docker.DockerClient(base_url=attacker.url, version="1.41", timeout=120)) as client:
            made.names |= attackers_own(client)
        made.own_container()
        made.own_exec(["true"])
        yield made


def _victim(client: docker.DockerClient) -> dict[str, str]:
    image, _ = client.images.build(fileobj=io.BytesIO(VICTIM_RECIPE.encode()), tag="shop:1", rm=True)
    network = client.networks.create("back")
    volume = client.volumes.create("data")
    container = client.containers.run(
        "shop:1",
        ["sleep", "3600"],
        name="victim-web",
        detach=True,
        network="back",
        volumes={"data": {"bind": "/data"}},
        environment={"TOKEN": SECRET},
        labels={"scope": "victim"},
    )
    container.exec_run(["sh", "-c", f"echo {SECRET} > /data/kept"])
    run = client.api.exec_create(container.id, ["touch", "/started-by-somebody-else"])
    return {
        "victim": container.id,
        "victim_prefix": container.id[:8],
        "victim_name": "victim-web",
        "victim_exec": run["Id"],
        "victim_net_id": network.id,
        "victim_vol": volume.name,
        "victim_img": image.id.removeprefix("sha256:"),
        "victim_img_id": image.id,
        "victim_img_short": image.id.removeprefix("sha256:")[:12],
    }


def attackers_own(client: docker.DockerClient) -> dict[str, str]:
    """Make the attacker's image, network and volume, as far as a case has removed them; their placeholders."""
    recipe = io.BytesIO(b"FROM course/busybox\nRUN echo mine > /mine\n")
    image, _ = client.images.build(fileobj=recipe, tag="mine:1", rm=True)
    if not client.networks.list(names=["net0"]):
        client.networks.create("net0")
    client.volumes.create("vol0")
    own = image.id.removeprefix("sha256:")
    return {
        "own_img": "mine:1",
        "own_img_id": image.id,
        "own_img_short": own[:12],
        "own_net": "net0",
        "own_vol": "vol0",
    }


def snapshot(world: World) -> dict[str, Any]:
    """What must not change: all on the engine that is not the attacker's, read past the gateway."""
    with closing(docker.DockerClient(base_url=world.engine_url, version="1.41", timeout=60)) as client:
        api = client.api
        mine = world.sid
        containers = {}
        for found in api.containers(all=True):
            if f"sw-{mine}--" in "".join(found["Names"]) or mine in json.dumps(found["Labels"] or {}):
                continue
            whole = api.inspect_container(found["Id"])
            containers[found["Id"]] = (
                whole["Name"],
                whole["State"]["Status"],
                whole["State"]["StartedAt"],
                whole["HostConfig"],
                whole["Config"],
                sorted(whole["NetworkSettings"]["Networks"]),
                api.diff(found["Id"]),
            )
        tags = {tag: i["Id"] for i in api.images() for tag in i["RepoTags"] or () if mine not in tag}
        networks = {n["Id"]: n["Name"] for n in api.networks() if mine not in n["Name"]}
        volumes = sorted(
            v["Name"] for v in api.volumes()["Volumes"] or () if mine not in json.dumps([v["Name"], v["Labels"]])
        )
        return {
            "containers": containers,
            "tags": tags,
            "networks": networks,
            "named": [v for v in volumes if len(v) != 64],
        }


def victims_words(world: World) -> list[str]:
    """What would give the victim away if it stood in an answer."""
    return [
        SECRET,
        world.names["victim"][:12],
        world.names["victim_img_short"],
        world.names["victim_net_id"][:12],
        world.victim_sid,
        f"sw-{world.sid}",
        "slipway.invalid",
        "victim-web",
    ]


FORBIDDEN_TRUE = ("Privileged", "PublishAllPorts", "OomKillDisable")
FORBIDDEN_ANY = (
    "CapAdd", "Devices", "DeviceRequests", "DeviceCgroupRules", "VolumesFrom", "Links", "Sysctls", "ExtraHosts",
    "GroupAdd", "StorageOpt", "Annotations",
)  # fmt: skip


def harm(world: World) -> list[str]:
    """What is wrong with the attacker's containers on the engine: one sentence each; empty when nothing is."""
    found = []
    with closing(docker.DockerClient(base_url=world.engine_url, version="1.41", timeout=60)) as client:
        for listed in client.api.containers(all=True):
            if world.sid not in json.dumps([listed["Names"], listed["Labels"]]):
                continue
            try:
                whole = client.api.inspect_container(listed["Id"])
            except docker.errors.NotFound:
                continue
            faults = reaching_faults(whole, world.sid) if world.policy == "own" else container_faults(whole, world.sid)
            found += [f"{listed['Names'][0]}: {fault}" for fault in faults]
    return found


def reaching_faults(whole: Mapping[str, Any], sid: str) -> list[str]:
    """What an inspected container of a session of the policy `own` has that reaches outside the session.

    Limits, capabilities that every container has, and restart policies are the engine's there.
    """
    host, faults = whole["HostConfig"], []
    rights = ("Privileged", "CapAdd", "Devices", "DeviceRequests", "DeviceCgroupRules", "StorageOpt", "Annotations")
    faults += [f"{name} is {host[name]}" for name in rights if host.get(name)]
    for name in ("PidMode", "UTSMode", "UsernsMode", "Cgroup", "IpcMode", "NetworkMode"):
        if (host.get(name) or "") == "host":
            faults.append(f"{name} is host")
    for mount in whole.get("Mounts") or ():
        if mount["Type"] not in ("volume", "tmpfs"):
            faults.append(f"mount {mount}")  # the workspace of these sessions has no folder that a case mounts
        elif mount["Type"] == "volume" and not re.fullmatch(rf"sw-{sid}--.*|[0-9a-f]{{64}}", mount["Name"]):
            faults.append(f"foreign volume {mount['Name']}")
    if host.get("MaskedPaths") == [] or host.get("ReadonlyPaths") == []:
        faults.append("/proc is unmasked")
    harmless = ("no-new-privileges", "label")  # SELinux labels are the user's on their own machine
    faults += [f"security option {one}" for one in host.get("SecurityOpt") or () if not one.startswith(harmless)]
    if whole["Config"]["Labels"].get("org.slipway.session") != sid:
        faults.append(f"labels {whole['Config']['Labels']}")
    for bindings in [*(host.get("PortBindings") or {}).values(), *(whole["NetworkSettings"]["Ports"] or {}).values()]:
        faults += [f"published on {b['HostIp']!r}" for b in bindings or () if b["HostIp"] != "127.0.0.1"]
    return faults


def container_faults(whole: Mapping[str, Any], sid: str) -> list[str]:
    """What an inspected container of a session has that it may not have, or lacks."""
    host, faults = whole["HostConfig"], []
    faults += [f"{name} is set" for name in FORBIDDEN_TRUE if host.get(name)]
    faults += [f"{name} is {host[name]}" for name in FORBIDDEN_ANY if host.get(name)]
    for name in ("PidMode", "UTSMode", "UsernsMode", "Cgroup", "IpcMode", "NetworkMode"):
        value = host.get(name) or ""
        if value == "host" or (value.startswith("container:") and name != "NetworkMode"):
            faults.append(f"{name} is {value}")
    faults += [f"bind {bind}" for bind in host.get("Binds") or () if not bind.startswith(f"sw-{sid}--")]
    for mount in whole.get("Mounts") or ():
        if mount["Type"] not in ("volume", "tmpfs"):
            faults.append(f"mount {mount}")
        elif mount["Type"] == "volume" and not re.fullmatch(rf"sw-{sid}--.*|[0-9a-f]{{64}}", mount["Name"]):
            faults.append(f"foreign volume {mount['Name']}")
    if not 0 < (host.get("Memory") or 0) <= 512 * 1024**2 or host.get("MemorySwap") != host.get("Memory"):
        faults.append(f"memory {host.get('Memory')}, swap {host.get('MemorySwap')}")
    if not 0 < (host.get("PidsLimit") or 0) <= 512:
        faults.append(f"pids {host.get('PidsLimit')}")
    if not 0 < (host.get("NanoCpus") or 0) <= 2_000_000_000:
        faults.append(f"cpus {host.get('NanoCpus')}")
    if host.get("SecurityOpt") != ["no-new-privileges:true"]:
        faults.append(f"security options {host.get('SecurityOpt')}")
    if host["RestartPolicy"]["Name"] in ("always", "unless-stopped"):
        faults.append("restarts for ever")
    if host["LogConfig"]["Type"] != "json-file" or not host["LogConfig"]["Config"].get("max-size"):
        faults.append(f"log {host['LogConfig']}")
    if host.get("MaskedPaths") == [] or host.get("ReadonlyPaths") == []:
        faults.append("/proc is unmasked")
    if "NET_RAW" not in (host.get("CapDrop") or ()) and "ALL" not in (host.get("CapDrop") or ()):
        faults.append(f"keeps capabilities, drops only {host.get('CapDrop')}")
    if whole["Config"]["Labels"].get("org.slipway.session") != sid:
        faults.append(f"labels {whole['Config']['Labels']}")
    for bindings in [*(host.get("PortBindings") or {}).values(), *(whole["NetworkSettings"]["Ports"] or {}).values()]:
        faults += [f"published on {b['HostIp']!r}" for b in bindings or () if b["HostIp"] != "127.0.0.1"]
    health = (whole["Config"].get("Healthcheck") or {}).get("Interval") or 0
    if 0 < health < 1_000_000_000:
        faults.append(f"health check each {health} ns")
    return faults
