"""What each Python of a session does first: docker-py no longer fails over a login helper that isn't there.

`credsStore` and `credHelpers` in a config.json name programs. docker-py runs them before each build, pull and push, and
stops when one isn't installed, though nothing in a session needs a login. A session has a config.json of its own
(`course.gateway.docker_config`), but a notebook or script may choose another one later.

This folder is on PYTHONPATH of a session's processes, so this file runs in environments that have no course: it imports
nothing but the standard library, and lets the environment's own sitecustomize run behind it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

TARGET = "docker.auth"


class _Patching(importlib.abc.Loader):
    """Loads docker-py's module as its own loader does, and then changes it."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        without_missing_helpers(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != TARGET:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader)
        return spec


def without_missing_helpers(module: Any) -> None:
    """Let docker-py pass over login helpers that aren't installed; does so once."""
    load = module.AuthConfig.load_config.__func__
    if getattr(load, "passes_over_missing_helpers", False):
        return

    def load_config(cls: Any, *args: Any, **options: Any) -> Any:
        config = load(cls, *args, **options)
        helpers = config.get("credHelpers")
        if isinstance(helpers, dict):
            config["credHelpers"] = {name: helper for name, helper in helpers.items() if _is_installed(helper)}
        if not _is_installed(config.get("credsStore")):
            config.pop("credsStore", None)
        return config

    load_config.passes_over_missing_helpers = True  # type: ignore[attr-defined]
    module.AuthConfig.load_config = classmethod(load_config)


def _is_installed(helper: object) -> bool:
    return isinstance(helper, str) and shutil.which(f"docker-credential-{helper}") is not None


def install() -> None:
    """Change docker-py in this process, now or when it is imported."""
    if TARGET in sys.modules:
        without_missing_helpers(sys.modules[TARGET])
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _run_next() -> None:
    """Run the sitecustomize that this one stands in front of, if there is one; this folder is left to nobody."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    if os.environ.get("SLIPWAY_SESSION"):
        install()
    _run_next()
