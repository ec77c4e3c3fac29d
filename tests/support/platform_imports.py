"""How Canvas and Moodle read a file of marks, as far as their documentation says it: a model to export against."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def canvas_import(file: Path, logins: set[str]) -> dict[str, dict[str, float]]:
    """Canvas's gradebook import: marks by assignment and login; an empty cell changes nothing.

    A learner is found by `ID`, `SIS User ID` or `SIS Login ID`; the row "Points Possible" says what a new assignment is
    out of. Columns before the assignments: Student, ID, SIS User ID, SIS Login ID, Section.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        table = csv.DictReader(opened)
        assert table.fieldnames is not None
        assert list(table.fieldnames[:5]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        points, *rows = list(table)
        assert points["Student"].strip() == "Points Possible"
        found: dict[str, dict[str, float]] = {}
        for name in table.fieldnames[5:]:
            float(points[name])
            found[name] = {
                row["SIS Login ID"]: float(row[name]) for row in rows if row["SIS Login ID"] in logins and row[name]
            }
    return found


def moodle_import(file: Path, mapped: Mapping[str, str], ids: set[str]) -> dict[str, dict[str, float]]:
    """Moodle's "Import grades: CSV file": marks by grade item and `ID number`.

    Args:
        file: UTF-8, with a heading.
        mapped: the grade item of each column, as a teacher maps them.
        ids: the ID numbers that Moodle knows.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    return {
        item: {
            row["ID number"]: float(row[column])
            for row in rows
            if row["ID number"] in ids and row[column] not in ("", "-")
        }
        for column, item in mapped.items()
    }


def formulas(file: Path) -> list[str]:
    """The cells that a spreadsheet would run."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        cells = [cell for row in csv.reader(opened) for cell in row]
    return [cell for cell in cells if cell.startswith(FORMULA) and not _is_number(cell)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
