"""What is wrong with a flag document: collected per flag, or fatal for the whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong in a document. path: where, like `flags.new_cart.targeting`."""

    path: str
    code: str
    text: str


class BrokenDocument(ValueError):
    """The document as a whole cannot be used; whoever has an older one keeps it."""

    code = "flag-document-broken"


class BrokenFlag(ValueError):
    """One flag cannot be compiled; the others are not disturbed."""

    def __init__(self, problem: Problem) -> None:
        """Carry the problem that is put on record for the flag."""
        super().__init__(problem.text)
        self.problem = problem
