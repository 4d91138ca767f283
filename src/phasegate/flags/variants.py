"""What a rollout's variants are called; whoever only evaluates needs no more than these words."""

from __future__ import annotations

ON, OFF = "on", "off"
"""Variants of every rollout flag: OFF is the safe one."""

SHADOW = ".shadow"
"""What the key of a flag ends in that says for whom the new path runs beside the old one."""
