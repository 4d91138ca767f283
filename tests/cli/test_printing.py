from __future__ import annotations

import io

import pytest
from rich.console import Console

from phasegate.cli import printing

HEADS = ("guard", "component", "finds from>", "all bad>", "hash")
ROW = ("error_rate worse than control", "new_cart", "3.06 %", "", "ab" * 32)


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 columns."""
    found = io.StringIO()
    monkeypatch.setattr(
        printing, "console", lambda: Console(file=found, width=80, highlight=False, markup=False)
    )
    return found


def test_a_row_whose_words_do_not_fit_becomes_lines_with_every_word(paper: io.StringIO) -> None:
    printing.print_table(HEADS, [ROW], "alpha: A few")

    assert [line.rstrip() for line in paper.getvalue().splitlines()] == [
        "alpha: A few",
        "",
        "guard",
        "error_rate worse than control",
        "    component new_cart · finds from 3.06 % · hash",
        "    " + "ab" * 32,
        "",
    ]


def test_a_table_that_fits_stays_a_table(paper: io.StringIO) -> None:
    printing.print_table(HEADS[:3], [ROW[:3]])

    assert " guard                           component   finds from" in paper.getvalue()


def test_a_cell_may_have_an_ellipsis_of_its_own(paper: io.StringIO) -> None:
    printing.print_table(HEADS[:2], [("a …", "b")])

    assert " a …     b" in paper.getvalue()
