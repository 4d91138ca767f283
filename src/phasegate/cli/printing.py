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
    """Print a table."""
    console().print(table(heads, rows, title))
