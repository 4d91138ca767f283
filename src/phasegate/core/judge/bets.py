"""An e-process: a mixture of bets against "no harm", with fresh capital for harm that starts late.

Under "no harm" the total wealth is a supermartingale that starts at 1, so that the chance that it
ever reaches 1/alpha is at most alpha, at every look and for ever.

Source: Ville 1939; Howard, Ramdas, McAuliffe, Sekhon 2020; the onset prior is the mixture
e-detector of Shin, Ramdas, Rinaldo 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

AT_START = 0.5
"""Share of the capital that is in play from the first tick; the rest follows tick by tick."""


@dataclass(frozen=True, kw_only=True, slots=True)
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
    logs = tuple(
        _log_add(held, log(late * share)) if late else held
        for held, late in zip(wealth.logs, wealth.late, strict=True)
    )
    return replace(wealth, logs=logs, released=wealth.released + due)


def step(wealth: Wealth, increments: Sequence[float]) -> Wealth:
    """Pay out one batch: the log of each bet's factor, in the order of the bets."""
    logs = tuple(held + gain for held, gain in zip(wealth.logs, increments, strict=True))
    return replace(wealth, logs=logs)


def log_wealth(wealth: Wealth) -> float:
    """Return the log of all capital, in play or kept back."""
    kept = _kept_back(wealth)
    top = max(0.0, *wealth.logs)
    rest = sum(exp(held - top) for held in wealth.logs) + kept * exp(-top)
    return top + log(rest) if rest > 0 else max(wealth.logs)


def lowered(wealth: Wealth, to: float) -> Wealth:
    """Reduce the log wealth to at most `to` >= 0; giving capital away keeps every guarantee."""
    if log_wealth(wealth) <= to:
        return wealth
    in_play = _log_in_play(wealth)
    allowed = to + log(1 - _kept_back(wealth) * exp(-to))
    return replace(wealth, logs=tuple(held + allowed - in_play for held in wealth.logs))


def capped(wealth: Wealth) -> Wealth:
    """Reduce the wealth to at most what it was at the start."""
    return lowered(wealth, 0.0)


def _log_in_play(wealth: Wealth) -> float:
    top = max(wealth.logs)
    return top + log(sum(exp(held - top) for held in wealth.logs))


def _kept_back(wealth: Wealth) -> float:
    return sum(wealth.late) * (wealth.ticks - wealth.released) / wealth.ticks


def _log_add(a: float, b: float) -> float:
    high, low = (a, b) if a > b else (b, a)
    return high + log(1 + exp(low - high))
