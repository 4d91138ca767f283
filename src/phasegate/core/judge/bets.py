"""An e-process: a mixture of bets against "no harm", with fresh capital for harm that starts late.

Under "no harm" the total wealth is a supermartingale that starts at 1, so that the chance that it
ever reaches 1/alpha is at most alpha, at every look and for ever.

Source: Ville 1939; Howard, Ramdas, McAuliffe, Sekhon 2020; the onset prior is the mixture
e-detector of Shin, Ramdas, Rinaldo 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, log

AT_START = 0.5
"""Share of the capital that is in play from the first tick; the rest follows tick by tick."""


@dataclass(frozen=True, kw_only=True)
class Wealth:
    """Where the bets stand. Memory is one number per bet.

    logs      log capital of every bet that is in play.
    late      capital of each bet that is kept back at first, for harm that begins late.
    ticks     over how many ticks that capital is spread, at least 1.
    released  how many of those ticks have had theirs.
    """

    logs: tuple[float, ...]
    late: tuple[float, ...]
    ticks: int
    released: int = 0

    @cached_property
    def log_total(self) -> float:
        """The log of all capital, in play or kept back.

        Kept, since it is asked for in every turn, and the bets on blocks change once in a block.
        """
        top = max(0.0, *self.logs)
        rest = sum([exp(held - top) for held in self.logs]) + self.kept_back * exp(-top)
        return top + log(rest) if rest > 0 else max(self.logs)

    @property
    def kept_back(self) -> float:
        """The capital that is not in play yet."""
        return sum(self.late) * (self.ticks - self.released) / self.ticks


def start(weights: Sequence[float], ticks: int, *, waiting: Sequence[float] = ()) -> Wealth:
    """Return the wealth before anything was seen: 1 in all.

    weights  of the bets that play all the time; half of their capital is in play at once.
    waiting  of bets that stake nothing until they are called, so that nothing need be kept back.
    """
    early = (*(weight * AT_START for weight in weights), *waiting)
    late = (*(weight * (1 - AT_START) for weight in weights), *(0.0 for _ in waiting))
    return Wealth(logs=tuple(map(log, early)), late=late, ticks=max(1, ticks))


def release(wealth: Wealth, tick: int) -> Wealth:
    """Put into play what is due up to `tick`, counted from 0; call it before the tick's events."""
    due = min(tick, wealth.ticks) - wealth.released
    if due <= 0:
        return wealth
    share = due / wealth.ticks
    pairs = zip(wealth.logs, wealth.late, strict=True)
    logs = tuple([_log_add(held, log(late * share)) if late else held for held, late in pairs])
    return Wealth(logs=logs, late=wealth.late, ticks=wealth.ticks, released=wealth.released + due)


def step(wealth: Wealth, increments: Sequence[float]) -> Wealth:
    """Pay out one batch: the log of each bet's factor, in the order of the bets."""
    logs = tuple([held + gain for held, gain in zip(wealth.logs, increments, strict=True)])
    return Wealth(logs=logs, late=wealth.late, ticks=wealth.ticks, released=wealth.released)


def lowered(wealth: Wealth, to: float) -> Wealth:
    """Reduce the log wealth to at most `to` >= 0; giving capital away keeps every guarantee."""
    if wealth.log_total <= to:
        return wealth
    in_play = _log_in_play(wealth)
    allowed = to + log(1 - wealth.kept_back * exp(-to))
    return replace(wealth, logs=tuple(held + allowed - in_play for held in wealth.logs))


def capped(wealth: Wealth) -> Wealth:
    """Reduce the wealth to at most what it was at the start."""
    return lowered(wealth, 0.0)


def _log_in_play(wealth: Wealth) -> float:
    top = max(wealth.logs)
    return top + log(sum(exp(held - top) for held in wealth.logs))


def _log_add(a: float, b: float) -> float:
    high, low = (a, b) if a > b else (b, a)
    return high + log(1 + exp(low - high))
