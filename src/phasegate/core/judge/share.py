"""The guard on a share: relative, repeat, absolute and system evidence, and whom it accuses.

Four e-processes share the guard's budget by weight, so that their false alarms together stay
within it. The relative and the repeat one compare with control and accuse. The others see harm but
not its cause: they accuse only while control stays within the bound; where control fails too, the
environment does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from operator import itemgetter
from typing import NamedTuple

from phasegate.core.evidence import Outcome
from phasegate.core.judge import bets, blocks, difference, means, repeat
from phasegate.core.judge.bets import Wealth
from phasegate.core.judge.blame import beyond, control_fails, control_is_better
from phasegate.core.judge.counts import Arms, Block, Counts
from phasegate.core.judge.terms import ABSOLUTE, RELATIVE, REPEAT, SYSTEM, Terms

OUTAGE_KEPT = log(10)
"""How far beyond its threshold the evidence of an outage is kept, so that a hold can end."""

CALM = log(2)
"""How much of an outage's evidence each block within the bound takes away again: bets that wait
for bad blocks would else keep what they won, and the alarm would never end."""

PATIENCE = 5
"""Blocks after which a control too small to tell, but within the bound, protects no longer."""

TURNING = difference.RATIOS.index(3.0)
"""The bet whose low point says since when treatment seems to be worse than control."""


class ShareGuard(NamedTuple):
    """Where a guard stands; a tuple, since a turn makes thousands of them from others.

    peak, peak_again  highest log wealth of relative and repeat evidence at a look.
    alarms  how bad the last closed block was, treated and in all: it calls waiting bets.
    drift, low  log gains of the TURNING bet so far, and the least they were at a look.
    since   treated observations, and the bad ones among them, when they were the least.
    blamed  the method that accused the component; empty while none has. It is never taken back.
    outage  the absolute or system evidence came while control failed too, and still stands.
    waited  blocks for which it has stood while control was too small to say whether it fails.
    """

    relative: Wealth
    repeat: Wealth
    absolute: Wealth | None = None
    system: Wealth | None = None
    peak: float = 0.0
    peak_again: float = 0.0
    alarms: tuple[float, float] = (0.0, 0.0)
    drift: float = 0.0
    low: float = 0.0
    since: tuple[float, float] = (0, 0)
    blamed: str = ""
    outage: bool = False
    waited: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a share guard says: outcome, accusation, the leading method, and how near it is."""

    outcome: Outcome
    accuses: bool
    method: str
    progress: float


def opened(terms: Terms) -> ShareGuard:
    """Return a guard that has seen nothing."""
    weights = means.WEIGHTS if terms.graded else difference.WEIGHTS
    relative = bets.start(weights, terms.ticks)
    again = bets.start(repeat.WEIGHTS, terms.ticks)
    if terms.allowed is None:
        return ShareGuard(relative=relative, repeat=again)
    level = bets.start(blocks.WEIGHTS, terms.ticks, waiting=blocks.WAITING_WEIGHTS)
    return ShareGuard(relative=relative, repeat=again, absolute=level, system=level)


def compare(  # noqa: PLR0917 where a guard stands, and the six things that a batch comes with
    guard: ShareGuard, terms: Terms, tick: int, exposure: int, batch: Block, arms: Arms
) -> ShareGuard:
    """Add a batch of observations to the evidence that rests on the comparison with control.

    arms  with the batch in them.
    """
    gains = _compared(terms, exposure, batch)
    guard = guard._replace(relative=bets.step(bets.release(guard.relative, tick), gains))
    if batch.newly_bad:
        guard = _turned(guard, gains[TURNING], arms.treated)
    treated, control = batch.treated_again, batch.control_again
    if REPEAT not in terms.weights or not (treated or control):
        return guard
    gains = repeat.increments(exposure, treated=treated, control=control)
    return guard._replace(repeat=bets.step(bets.release(guard.repeat, tick), gains))


def _compared(terms: Terms, exposure: int, batch: Block) -> tuple[float, ...]:
    if terms.graded:
        return means.increments(exposure, terms.margin, batch)
    return difference.increments(
        exposure,
        terms.margin,
        not_bad=batch.not_bad,
        treated=batch.treated_bad,
        control=batch.control_bad,
    )


def look(guard: ShareGuard, terms: Terms, arms: Arms) -> ShareGuard:
    """Take note of the comparison at a moment when both arms are complete."""
    guard = guard._replace(
        peak=max(guard.peak, guard.relative.log_total),
        peak_again=max(guard.peak_again, guard.repeat.log_total),
    )
    blamed = _accusing(guard, terms, arms)
    return guard if blamed == guard.blamed else guard._replace(blamed=blamed)


def close(
    guard: ShareGuard,
    terms: Terms,
    tick: int,
    block: Block,
    arms: Arms,
    *,
    alone: bool = False,
) -> ShareGuard:
    """Add a closed block to the absolute and the system evidence.

    alone  everybody is exposed now: there is no control, whatever there was before.
    """
    if terms.allowed is None or guard.absolute is None or guard.system is None:
        return guard
    own, all_of = guard.alarms
    here = (block.treated, block.treated_bad)
    everywhere = (block.at_risk, block.newly_bad)
    absolute = _block(guard.absolute, terms.allowed, tick, here, own)
    system = _block(guard.system, terms.allowed, tick, everywhere, all_of)
    guard = guard._replace(
        absolute=_calmed(absolute, terms.allowed, here) if guard.outage else absolute,
        system=_calmed(system, terms.allowed, everywhere) if guard.outage else system,
        alarms=(_alarm(own, here), _alarm(all_of, everywhere)),
    )
    return _attributed(guard, terms, arms, alone=alone)


def capped(guard: ShareGuard) -> ShareGuard:
    """Give up the evidence that a guilty neighbour may have caused; what was blamed stays so."""
    if guard.absolute is None or guard.system is None:
        return guard
    return guard._replace(
        absolute=bets.capped(guard.absolute),
        system=bets.capped(guard.system),
        alarms=(0.0, 0.0),
        outage=False,
        waited=0,
    )


def verdict(guard: ShareGuard, terms: Terms, arms: Arms) -> Verdict:
    """Say what the guard has come to, from settled state."""
    # The bound may be passed by repeated failures of subjects who were counted before.
    blamed = _accusing(guard, terms, arms)
    if blamed:
        return Verdict(outcome=Outcome.FAIL, accuses=True, method=blamed, progress=1.0)
    fired = _firing(guard, terms)
    if fired:
        return Verdict(outcome=Outcome.FAIL, accuses=False, method=fired[0], progress=1.0)
    method, progress = _leading(guard, terms)
    outcome = Outcome.PASS if arms.treated.seen else Outcome.INCONCLUSIVE
    return Verdict(outcome=outcome, accuses=False, method=method, progress=min(progress, 0.99))


def _accusing(guard: ShareGuard, terms: Terms, arms: Arms) -> str:
    """Return the part that accuses the component, by the comparison or from before."""
    if guard.blamed:
        return guard.blamed
    for method, peak in ((RELATIVE, guard.peak), (REPEAT, guard.peak_again)):
        if peak >= terms.threshold(method) and _worse(guard, terms, arms.treated):
            return method
    return ""


def _worse(guard: ShareGuard, terms: Terms, treated: Counts) -> bool:
    """Say whether treatment, which is worse than control, is beyond its bound as well.

    Since it seems to be worse counts too: an hour of health before would hide it for as long again.
    """
    if beyond(treated, terms.allowed):
        return True
    seen, bad = treated.seen - guard.since[0], treated.bad - guard.since[1]
    return bad > (terms.allowed or 0.0) * seen


def _turned(guard: ShareGuard, gain: float, treated: Counts) -> ShareGuard:
    drift = guard.drift + gain
    if drift > guard.low:
        return guard._replace(drift=drift)
    return guard._replace(drift=drift, low=drift, since=(treated.seen, treated.bad))


def _block(
    wealth: Wealth, allowed: float, tick: int, counts: tuple[int, float], before: float
) -> Wealth:
    at_risk, newly_bad = counts
    wealth = bets.release(wealth, tick)
    if at_risk <= 0:
        return wealth
    gains = blocks.increments(allowed, at_risk=at_risk, newly_bad=newly_bad, before=before)
    return bets.step(wealth, gains)


def _calmed(wealth: Wealth, allowed: float, counts: tuple[int, float]) -> Wealth:
    at_risk, newly_bad = counts
    if at_risk <= 0 or newly_bad > allowed * at_risk:
        return wealth
    return bets.lowered(wealth, max(0.0, wealth.log_total - CALM))


def _alarm(before: float, counts: tuple[int, float]) -> float:
    at_risk, newly_bad = counts
    return blocks.alarm(at_risk=at_risk, newly_bad=newly_bad) if at_risk > 0 else before


def _attributed(guard: ShareGuard, terms: Terms, arms: Arms, *, alone: bool) -> ShareGuard:
    """Decide at the close of a block whom the evidence accuses.

    What an outage has gathered is never held against the component later: it is kept only a little
    beyond the threshold, and given up once it has fallen below.
    """
    if guard.absolute is None or guard.system is None or terms.allowed is None:
        return guard
    fired = _firing(guard, terms)
    if not fired:
        if guard.outage:
            return capped(guard)
        return guard._replace(waited=0) if guard.waited else guard
    treated_fails = ABSOLUTE in fired or beyond(arms.treated, terms.allowed)
    spared = alone or not control_fails(terms.allowed, arms)
    if not guard.outage and treated_fails and spared:
        if alone or guard.waited >= PATIENCE or control_is_better(arms):
            return guard._replace(blamed=guard.blamed or fired[0])
        return guard._replace(waited=guard.waited + 1)
    return guard._replace(
        outage=True,
        absolute=bets.lowered(guard.absolute, terms.threshold(ABSOLUTE) + OUTAGE_KEPT),
        system=bets.lowered(guard.system, terms.threshold(SYSTEM) + OUTAGE_KEPT),
    )


def _firing(guard: ShareGuard, terms: Terms) -> list[str]:
    parts = ((ABSOLUTE, guard.absolute), (SYSTEM, guard.system))
    return [
        method
        for method, wealth in parts
        if wealth is not None and wealth.log_total >= terms.threshold(method)
    ]


def _leading(guard: ShareGuard, terms: Terms) -> tuple[str, float]:
    heights = [(RELATIVE, guard.peak), (REPEAT, guard.peak_again)]
    if guard.absolute is not None and guard.system is not None:
        heights += [(ABSOLUTE, guard.absolute.log_total), (SYSTEM, guard.system.log_total)]
    ratios = [(height / terms.threshold(method), method) for method, height in heights]
    most, leading = max(ratios, key=itemgetter(0))
    return leading, max(0.0, most)
