"""Planted defects for drills: what goes wrong on purpose, switched at run time."""

from __future__ import annotations

import random
from typing import Annotated, Literal

from msgspec import Meta, Struct

DefectName = Literal["router_errors", "latency_tail", "wrong_safety_answer", "outage"]
NAMES: tuple[DefectName, ...] = (
    "router_errors", "latency_tail", "wrong_safety_answer", "outage",
)  # fmt: skip


class Defect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A switch. share: how many of those it can hit are hit, 0..1. ms: for latency_tail."""

    name: DefectName
    on: bool
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    ms: Annotated[float, Meta(ge=0, le=60_000)] = 4000.0


class ComponentFailed(Exception):
    """A component could not do its work; the consultation is answered with 500.

    consultation is the number it is kept under, once it is kept.
    """

    consultation: int | None = None

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(f"{component}: {reason}")
        self.component = component


class Defects:
    """The present switches; all off at first."""

    def __init__(self) -> None:
        self.switches = {name: Defect(name=name, on=False) for name in NAMES}
        self._dice = random.Random(20300101)  # noqa: S311 which drill is hit is no secret

    def switch(self, defect: Defect) -> None:
        """Set one switch."""
        self.switches[defect.name] = defect

    def hits(self, name: DefectName) -> bool:
        """Say whether the defect strikes this time."""
        defect = self.switches[name]
        return defect.on and self._dice.random() < defect.share
