"""What the writer of a rule and the operators that it writes have to say to each other."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol


class Expression(NamedTuple):
    """Python source of a value.

    plain    Python takes the value for true exactly where JsonLogic does.
    """

    source: str
    plain: bool = False

    @property
    def truth(self) -> str:
        """Source that is true where JsonLogic takes the value for true."""
        return self.source if self.plain else f"truthy({self.source})"


class Writer(Protocol):
    """What an operation may ask of whoever writes the flag's functions."""

    @property
    def flag(self) -> str:
        """The flag's key, as source."""

    @property
    def whole(self) -> str:
        """Source of all that the rule can see, as one value."""

    @property
    def sees_element(self) -> bool:
        """Whether the rule sees an element of a list and nothing else."""

    def constant(self, value: Hashable) -> str:
        """Return the name by which the source knows a value."""

    def expressions(
        self, operator: str, operands: list[object], *counts: int, first: int = 0
    ) -> list[Expression]:
        """Write the operands; the flag is broken unless there are so many of them."""

    def element(self, operator: str, rule: object) -> str:
        """Write what a list operator asks of each element; return the function's name."""

    def temporary(self) -> str:
        """Return a name that nothing else in the flag's source has."""

    def note(self, code: str, text: str) -> None:
        """Put on record what is wrong and yet borne, as flagd bears it."""


Operation = Callable[[Writer, list[object]], Expression]
