"""Signs: the wordings of `signs.txt` compiled, one pattern per sign."""

from __future__ import annotations

import re
from importlib.resources import files


def _read(table: str) -> dict[str, re.Pattern[str]]:
    wordings: dict[str, list[str]] = {}
    current: list[str] = []
    for line in table.splitlines():
        if line.startswith("[") and line.endswith("]"):
            current = wordings.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current.extend(line.split(" | "))
    return {
        name: re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})")
        for name, alternatives in wordings.items()
    }


SIGNS = _read(files("clinic.knowledge").joinpath("signs.txt").read_text("utf-8"))
