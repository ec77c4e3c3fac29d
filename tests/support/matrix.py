"""The engine matrix: each engine's name in a test's id, and the fixture that has its address."""

from __future__ import annotations

import os

ENGINES = {
    "debian12": "engine_url",
    "debian13": "engine13_url",
    "debian13-containerd": "engine13_containerd_url",
    "engine28": "engine28_url",
    "engine28-containerd": "engine28_containerd_url",
}
EVERYTHING = "SLIPWAY_EVERYTHING" in os.environ
CHOSEN = list(ENGINES) if EVERYTHING else ["debian12", "debian13", "engine28-containerd"]
"""What `each_engine_url` goes through: one of each version and each store, or all."""
