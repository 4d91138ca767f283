"""The guard on a share: relative, absolute and system evidence, and whom it accuses.

Three e-processes share the guard's budget by weight, so that their false alarms together stay
within it. The relative one accuses. The others see harm but not its cause: they accuse only while
control stays within the bound; where control fails too, the environment does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, inf, log, sqrt

from phasegate.core.evidence import Outcome
from phasegate.core.judge import bets, blocks, difference
from phasegate.core.judge.bets import Wealth
from phasegate.core.judge.cases import at_most
from phasegate.core.judge.counts import Arms, Block, Counts

RELATIVE, ABSOLUTE, SYSTEM = "relative", "absolute", "system"

WEIGHTS = {RELATIVE: 0.65, ABSOLUTE: 0.20, SYSTEM: 0.15}
"""Shares of the guard's budget; a comparison with control alone spends all on RELATIVE."""

OUTAGE_KEPT = log(10)
"""How far beyond its threshold the evidence of an outage is kept, so that a hold can end."""

CHANCE = 0.05
"""How unlikely control's few failures must be before it counts as better than treatment."""

PATIENCE = 5
"""Blocks after which a control too small to tell, but within the bound, protects no longer."""

CLEARLY = 2.0
"""Standard deviations by which recent blocks must exceed the bound to count on their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a guard was promised.

    index    of its condition in roll_back_when.
    allowed  bad share; None where only control is compared.
    """

    index: int = 0
    allowed: float | None
    margin: float
    alpha: float
    ticks: int

    def threshold(self, method: str) -> float:
        """Return the log wealth at which the part called `method` fires."""
        weight = 1.0 if self.allowed is None else WEIGHTS[method]
        spends = self.alpha * weight
        return -log(spends) if spends > 0 else inf


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareGuard:
    """Where a guard stands.

    peak    highest relative log wealth at a look.
    blamed  the method that accused the component; empty while none has. It is never taken back.
    outage  the absolute or system evidence came while control failed too, and still stands.
    waited  blocks for which it has stood while control was too small to say whether it fails.
    """

    relative: Wealth
    absolute: Wealth | None = None
    system: Wealth | None = None
    peak: float = 0.0
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
    relative = bets.start(difference.WEIGHTS, terms.ticks)
    if terms.allowed is None:
        return ShareGuard(relative=relative)
    level = bets.start(blocks.WEIGHTS, terms.ticks)
    return ShareGuard(relative=relative, absolute=level, system=level)


def compare(guard: ShareGuard, terms: Terms, tick: int, exposure: int, batch: Block) -> ShareGuard:
    """Add a batch of observations at risk to the relative evidence."""
    gains = difference.increments(
        exposure,
        terms.margin,
        not_bad=batch.at_risk - batch.newly_bad,
        treated=batch.treated_bad,
        control=batch.control_bad,
    )
    return replace(guard, relative=bets.step(bets.release(guard.relative, tick), gains))


def look(guard: ShareGuard, terms: Terms, arms: Arms) -> ShareGuard:
    """Take note of the relative evidence at a moment when both arms are complete."""
    peak = max(guard.peak, bets.log_wealth(guard.relative))
    accused = peak >= terms.threshold(RELATIVE) and _beyond(arms.treated, terms.allowed)
    return replace(guard, peak=peak, blamed=guard.blamed or (RELATIVE if accused else ""))


def close(guard: ShareGuard, terms: Terms, tick: int, block: Block, arms: Arms) -> ShareGuard:
    """Add a closed block to the absolute and the system evidence."""
    if terms.allowed is None or guard.absolute is None or guard.system is None:
        return guard
    absolute = _block(guard.absolute, terms.allowed, tick, block.treated, block.treated_bad)
    system = _block(guard.system, terms.allowed, tick, block.at_risk, block.newly_bad)
    guard = replace(guard, absolute=absolute, system=system)
    return _attributed(guard, terms, arms)


def capped(guard: ShareGuard) -> ShareGuard:
    """Give up the evidence that a guilty neighbour may have caused; what was blamed stays so."""
    if guard.absolute is None or guard.system is None:
        return guard
    return replace(
        guard,
        absolute=bets.capped(guard.absolute),
        system=bets.capped(guard.system),
        outage=False,
        waited=0,
    )


def verdict(guard: ShareGuard, terms: Terms, arms: Arms) -> Verdict:
    """Say what the guard has come to, from settled state."""
    method, progress = _leading(guard, terms)
    # The bound may be passed by repeated failures of subjects who were counted before.
    worse = guard.peak >= terms.threshold(RELATIVE) and _beyond(arms.treated, terms.allowed)
    blamed = guard.blamed or (RELATIVE if worse else "")
    if blamed:
        return Verdict(outcome=Outcome.FAIL, accuses=True, method=blamed, progress=1.0)
    fired = _firing(guard, terms)
    if fired:
        return Verdict(outcome=Outcome.FAIL, accuses=False, method=fired[0], progress=1.0)
    outcome = Outcome.PASS if arms.treated.seen else Outcome.INCONCLUSIVE
    return Verdict(outcome=outcome, accuses=False, method=method, progress=min(progress, 0.99))


def control_fails(allowed: float, arms: Arms) -> bool:
    """Say whether control is beyond the bound: over the whole trial, or in the latest blocks."""
    return arms.control.share > allowed or arms.control.recent_share > allowed


def _control_is_better(arms: Arms) -> bool:
    """Say whether control, failing as treatment does of late, would have shown it by now.

    True without control: nobody else can be asked. A handful of good answers proves nothing: with
    them alone, 3 % of global outages were blamed on a component that nearly everyone had.
    """
    if not arms.control.seen:
        return True
    bad, n = ceil(arms.control.recent_bad), floor(arms.control.recent_seen)
    return at_most(bad, n, arms.treated.recent_share) <= CHANCE


def _block(wealth: Wealth, allowed: float, tick: int, at_risk: int, newly_bad: int) -> Wealth:
    if at_risk <= 0:
        return wealth
    gains = blocks.increments(allowed, at_risk=at_risk, newly_bad=newly_bad)
    return bets.step(bets.release(wealth, tick), gains)


def _attributed(guard: ShareGuard, terms: Terms, arms: Arms) -> ShareGuard:
    """Decide at the close of a block whom the evidence accuses.

    What an outage has gathered is never held against the component later: it is kept only a little
    beyond the threshold, and given up once it has fallen below.
    """
    if guard.absolute is None or guard.system is None or terms.allowed is None:
        return guard
    fired = _firing(guard, terms)
    if not fired:
        return capped(guard) if guard.outage else replace(guard, waited=0)
    treated_fails = ABSOLUTE in fired or _beyond(arms.treated, terms.allowed)
    if not guard.outage and treated_fails and not control_fails(terms.allowed, arms):
        if guard.waited >= PATIENCE or _control_is_better(arms):
            return replace(guard, blamed=guard.blamed or fired[0])
        return replace(guard, waited=guard.waited + 1)
    return replace(
        guard,
        outage=True,
        absolute=bets.lowered(guard.absolute, terms.threshold(ABSOLUTE) + OUTAGE_KEPT),
        system=bets.lowered(guard.system, terms.threshold(SYSTEM) + OUTAGE_KEPT),
    )


def _beyond(counts: Counts, allowed: float | None) -> bool:
    """Say whether a plain share is beyond the bound, over the whole trial or clearly of late.

    Without the second, an hour of health before a failure would hide it for as long again.
    """
    if allowed is None or counts.share > allowed:
        return True
    expected = counts.recent_seen * allowed
    return counts.recent_bad > expected + CLEARLY * sqrt(expected) + 1


def _firing(guard: ShareGuard, terms: Terms) -> list[str]:
    parts = ((ABSOLUTE, guard.absolute), (SYSTEM, guard.system))
    return [
        method
        for method, wealth in parts
        if wealth is not None and bets.log_wealth(wealth) >= terms.threshold(method)
    ]


def _leading(guard: ShareGuard, terms: Terms) -> tuple[str, float]:
    parts = ((RELATIVE, guard.peak), (ABSOLUTE, guard.absolute), (SYSTEM, guard.system))
    heights = {
        method: part if isinstance(part, float) else bets.log_wealth(part)
        for method, part in parts
        if part is not None
    }
    ratios = {method: height / terms.threshold(method) for method, height in heights.items()}
    best = max(ratios, key=lambda method: ratios[method])
    return best, max(0.0, ratios[best])
