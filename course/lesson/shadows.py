"""Files in a lesson's folder that have the name of a package, and so can take its place when it is imported."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path


@dataclass(frozen=True)
class Shadow:
    """A file or folder, by its name, and the package whose name it has."""

    file: str
    package: str

    def __str__(self) -> str:
        return (
            f"{self.file} in this folder has the name of the package {self.package}: "
            "rename the file, then restart the kernel"
        )


def shadows(folder: Path) -> tuple[Shadow, ...]:
    """The Python files and packages of a folder whose names mean something else to this Python.

    In this kernel such a file never hides the package, because the folder stands last on the search path; in a plain
    Python kernel, and for `python file.py`, it does.
    """
    elsewhere = [entry for entry in sys.path if entry and Path(entry).resolve() != folder.resolve()]
    found = []
    for path in sorted(folder.iterdir()):
        name = path.stem if path.suffix == ".py" else path.name if (path / "__init__.py").exists() else ""
        if name.isidentifier() and _means_something(name, elsewhere):
            found.append(Shadow(path.name, name))
    return tuple(found)


def _means_something(name: str, search_path: list[str]) -> bool:
    if name in sys.stdlib_module_names:
        return True
    spec = PathFinder.find_spec(name, search_path)
    return spec is not None and spec.loader is not None  # a folder without __init__.py has no loader
