"""Where flags stand in code: a search of a tree for their keys in quotes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

LARGEST = 2 * 1024 * 1024
"""Bytes of a file that is still read; generated code is larger."""

LEFT_OUT = frozenset(
    {"node_modules", "vendor", "dist", "build", "target", "venv", "site-packages", "__pycache__"}
)
"""Folders of dependencies and products, besides hidden ones."""


def found_in(tree: Path, keys: Sequence[str]) -> dict[str, list[str]]:
    """Return by key the places `path:line` where it stands whole and in quotes."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    if not keys:
        return found
    longest_first = sorted(keys, key=len, reverse=True)
    any_key = "|".join(map(re.escape, longest_first))
    form = re.compile(rf"""(["'`])({any_key})\1""")
    for path in _files(tree):
        for number, line in enumerate(_lines(path), start=1):
            for match in form.finditer(line):
                place = f"{path.relative_to(tree)}:{number}"
                if place not in found[match[2]]:
                    found[match[2]].append(place)
    return found


def _files(tree: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in LEFT_OUT
        )
        for name in sorted(names):
            yield Path(folder, name)


def _lines(path: Path) -> list[str]:
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return []
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
