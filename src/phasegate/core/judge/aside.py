"""What ripened late, under an exposure that is no more: kept apart until its group is complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from phasegate.core.judge.counts import Block
from phasegate.core.judge.twins import twin

NONE: Mapping[int, Aside] = MappingProxyType({})
"""Nothing is aside: shared by all accounts, so it is never written to."""


@dataclass(slots=True)
class Aside:
    """What came of one earlier exposure. Fields as those of an account."""

    batch: Block = field(default_factory=Block)
    batch_tick: int = 0
    came: int = 0
    came_treated: int = 0

    def copy(self) -> Aside:
        """Return one that can be changed without changing this one."""
        copy = _aside(self)
        copy.batch = _block(self.batch)
        return copy


def copied(all_of: Mapping[int, Aside]) -> Mapping[int, Aside]:
    """Return what is aside, by exposure, for an account that goes its own way."""
    return {exposure: one.copy() for exposure, one in all_of.items()} if all_of else NONE


_aside, _block = twin(Aside), twin(Block)
