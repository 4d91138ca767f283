"""How results reach stdout: JSON for programs, tables and lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

PIPED_WIDTH = 200
"""Columns where stdout is no terminal: lines meant for grep are not folded."""

CUT = "…"
"""What stands where a word did not fit."""

COLOURS = {
    "pass": "green",
    "fail": "bold red",
    "inconclusive": "yellow",
    "invalid": "magenta",
    "waived": "cyan",
    "running": "green",
    "paused": "yellow",
    "rolling back": "bold red",
    "completed": "bold green",
    "rolled back": "red",
    "passed": "green",
    "under way": "bold",
    "exposed": "green",
    "withdrawn": "red",
    "hold": "yellow",
    "advance": "green",
    "roll back": "bold red",
    "complete": "bold green",
}
"""Colours of the words that matter; whoever sees no colour reads the word."""


def print_json(content: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def console() -> Console:
    """Return where people read."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def coloured(word: str) -> Text:
    """Return a word in its colour."""
    from rich.text import Text

    return Text(word, style=COLOURS.get(word, ""))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    """Return a table; a head that ends in `>` stands over right-aligned cells."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    found = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for head in heads:
        right = head.endswith(">")
        found.add_column(head.removesuffix(">"), justify="right" if right else "left")
    for row in rows:
        found.add_row(*(coloured(cell) for cell in row))
    return found


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None
) -> None:
    """Print a table; where the terminal is too narrow for its words, each row as a few lines."""
    from rich.padding import Padding

    there, kept = console(), list(rows)
    drawn = table(heads, kept, title)
    if not _is_cut(there, drawn, kept):
        there.print(drawn)
        return
    if title:
        there.print(f"{title}\n", style="italic")
    there.print(heads[0], style="dim")
    for row in kept:
        there.print(coloured(row[0]), style="bold")
        there.print(Padding(_told(heads, row), (0, 0, 0, 4)))
    there.print()


def _is_cut(there: Console, drawn: Table, rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a word of a table would be cut off: a cut hash or condition is no answer."""
    shown = sum(piece.text.count(CUT) for line in there.render_lines(drawn) for piece in line)
    return shown > sum(cell.count(CUT) for row in rows for cell in row)


def _told(heads: Sequence[str], row: Sequence[str]) -> Text:
    """Return a row behind its first cell, each cell with its head."""
    from rich.text import Text

    named = zip(heads[1:], row[1:], strict=True)
    cells = (
        Text.assemble((f"{head.removesuffix('>')} ".lstrip(), "dim"), coloured(cell))
        for head, cell in named
        if cell
    )
    return Text(" · ").join(cells)
