"""What the control plane's tests share: a gateway with folders of its own, and holders as real processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lease_holders import Holder

from course.gateway import Client


@pytest.fixture
def gateway(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of a gateway of its own; at the end the gateway and all its sessions are gone."""
    folder = Path(tempfile.mkdtemp(prefix="swc", dir="/tmp"))
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(folder / "s"))
    monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", str(folder / "r"))
    monkeypatch.delenv("SLIPWAY_SESSION", raising=False)
    client = Client()
    yield client
    client.stop(end_sessions=True)
    log = client.home.log
    if log.exists():
        print(log.read_text()[-3000:])
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def hold(gateway: Client) -> Iterator[Callable[..., Holder]]:
    """Start processes that hold leases."""
    holders: list[Holder] = []

    def start(asked: dict[str, Any], *flags: str) -> Holder:
        holders.append(Holder(asked, *flags))
        return holders[-1]

    yield start
    for holder in holders:
        holder.close()
