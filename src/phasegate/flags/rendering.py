"""An environment's document: what runs want, under what people did by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # a flag document is JSON by definition

from phasegate.flags.document import OFF, ON, FlagState, document
from phasegate.flags.journal import Journal
from phasegate.flags.order import KEY, Order
from phasegate.flags.record import Record


def rendered(
    environment: str,
    version: int,
    states: Sequence[FlagState],
    journal: Journal,
    order: Order | None = None,
) -> dict[str, Any]:
    """Render an environment's flags; a run's flag goes before a definition of the same key.

    order   the document's place, by which clients know an older one.
    """
    whole = document(environment, version, journal.overlay(states), journal.hashing)
    flags: dict[str, Any] = whole["flags"]
    for key, record in journal.records.items():
        if record.definition is not None and key not in flags:
            flags[key] = _defined(record)
        if record.archived:
            flags[key] = _archived(flags.get(key, {}))
    if order is not None:
        whole["metadata"] = {**whole["metadata"], KEY: order.text}
    return {**whole, "flags": dict(sorted(flags.items()))}


def _defined(record: Record) -> dict[str, Any]:
    flag = dict(record.definition or {})
    if record.requires:
        flag["requires"] = list(record.requires)
    if record.killed:
        variants = flag.get("variants", {})
        flag["defaultVariant"] = OFF if OFF in variants else flag.get("defaultVariant")
        flag["metadata"] = {**flag.get("metadata", {}), "killed": True}
        flag.pop("targeting", None)
    return flag


def _archived(flag: dict[str, Any]) -> dict[str, Any]:
    """A disabled flag is an answer without a value, and no error, to whoever still asks."""
    return {
        "state": "DISABLED",
        "variants": flag.get("variants") or {ON: True, OFF: False},
        "defaultVariant": None,
        "metadata": {"archived": True},
    }
