"""`core.judge.share` for many guards at once: one lane for each rehearsal of one component.

Lanes of one `Lanes` have the same terms and may differ in exposure. What is said here of a lane is
what `core.judge.share` says of the same counts; tests prove it.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from phasegate.core.judge import blocks, difference, means, repeat
from phasegate.core.judge.blame import CHANCE, CLEARLY
from phasegate.core.judge.cases import at_most
from phasegate.core.judge.share import CALM, OUTAGE_KEPT, PATIENCE, TURNING
from phasegate.core.judge.terms import ABSOLUTE, RELATIVE, REPEAT, SYSTEM, Terms
from phasegate.core.plan import EVERYONE
from phasegate.rehearsal.batches import Batches
from phasegate.rehearsal.counted import Came, OpenBlock, Sums
from phasegate.rehearsal.factors import factors, only
from phasegate.rehearsal.wealths import Flags, Floats, Ints, Numbers, Wealths

METHODS = ("", RELATIVE, REPEAT, ABSOLUTE, SYSTEM)
"""What a lane's `blamed` stands for."""

PER_LANE = (
    "blamed",
    "_exposures",
    "_compared",
    "_alarm_own",
    "_alarm_everywhere",
    "_peak",
    "_peak_again",
    "_drift",
    "_low",
    "_outage",
    "_waited",
)
"""Attributes that hold one number for each lane."""

MOST_GAIN = 460.0
"""Log of the most that one batch can gain a bet; more is not told apart."""


class Lanes:
    """Guards of one condition over many trials. exposures: basis points of each lane."""

    def __init__(self, terms: Terms, exposures: Ints) -> None:
        self.terms = terms
        self._n = n = len(exposures)
        self.treated, self.control = Sums(n), Sums(n)
        self._exposures: Ints = np.zeros(n, np.int64)
        self.expose(exposures)
        weights = means.WEIGHTS if terms.graded else difference.WEIGHTS
        self._relative = Wealths(n, weights, terms.ticks)
        self._repeat = Wealths(n, repeat.WEIGHTS, terms.ticks)
        self._own = Wealths(n, blocks.WEIGHTS, terms.ticks, blocks.WAITING_WEIGHTS)
        self._everywhere = Wealths(n, blocks.WEIGHTS, terms.ticks, blocks.WAITING_WEIGHTS)
        self._alarm_own: Floats = np.zeros(n)
        self._alarm_everywhere: Floats = np.zeros(n)
        self._fires = {name: np.exp(terms.threshold(name)) for name in METHODS[1:]}
        self._peak: Floats = np.ones(n)
        self._peak_again: Floats = np.ones(n)
        self.blamed: Ints = np.zeros(n, dtype=np.int64)
        self._drift, self._low = np.zeros(n), np.zeros(n)
        self._since: tuple[Floats, Floats] = (np.zeros(n), np.zeros(n))
        self._outage: Flags = np.zeros(n, dtype=bool)
        self._waited: Ints = np.zeros(n, dtype=np.int64)
        self._open = OpenBlock(n)
        self._batches = Batches(n)
        self._tick = 0

    def expose(self, exposures: Ints) -> None:
        """Change the exposures of the lanes, as a later stage does."""
        if np.array_equal(exposures, self._exposures):
            return
        self._exposures = exposures
        self._compared: Flags = (exposures > 0) & (exposures < EVERYONE)
        self._factors = factors(exposures, self.terms.margin, difference.RATIOS)
        self._factors_again = factors(exposures, 0.0, repeat.RATIOS)

    def keep(self, lanes: Ints) -> None:
        """Forget all other lanes."""
        self._n = len(lanes)
        for sums in (self.treated, self.control):
            sums.keep(lanes)
        for wealths in (self._relative, self._repeat, self._own, self._everywhere):
            wealths.keep(lanes)
        for name in PER_LANE:
            setattr(self, name, getattr(self, name)[lanes])
        self._since = (self._since[0][lanes], self._since[1][lanes])
        self._open.keep(lanes)
        self._batches.keep(lanes)
        self._factors = only(self._factors, lanes)
        self._factors_again = only(self._factors_again, lanes)

    def add(self, tick: int, treated: Came, control: Came) -> None:
        """Add what became readable together; tick: the block it belongs to, counted from 0."""
        if tick > self._tick:
            self._close()
            self.treated.fade(tick - self._tick)
            self.control.fade(tick - self._tick)
            self._tick = tick
        self.treated.add(treated)
        self.control.add(control)
        if self.terms.allowed is not None:
            self._open.add(treated, control)
        self._compare(treated, control)

    def failed(self) -> Flags:
        """Say which lanes' guards have tripped, whomever they blame."""
        return self.accusing() | self._firing(ABSOLUTE) | self._firing(SYSTEM)

    def accusing(self) -> Flags:
        """Say which lanes' guards blame the component."""
        accusing: Flags = (self.blamed > 0) | (self._accused() > 0)
        return accusing

    def _compare(self, treated: Came, control: Came) -> None:
        self._relative.release(self._tick)
        raised = (treated.newly_bad > 0) | (treated.again_bad > 0)
        if self.terms.graded:
            raised = self._compare_means(treated, control)
        else:
            self._compare_shares(treated, control)
        if REPEAT in self.terms.weights:
            self._compare_again(treated, control)
        looked = np.flatnonzero(raised)
        if looked.size:
            self._look(looked)

    def _compare_means(self, treated: Came, control: Came) -> Flags:
        """Pay the batches that are whole; say which of them may have raised the evidence."""
        batches = self._batches
        whole = batches.add(self._tick, treated, control)
        lanes = np.flatnonzero(whole & self._compared)
        if lanes.size:
            gains = batches.gains(lanes, self.terms.margin)
            self._relative.pay(np.exp(np.minimum(gains, MOST_GAIN)), lanes)
            turned = batches.bad[lanes] > 0
            self._turn(lanes[turned], gains[TURNING][turned])
        raised: Flags = whole & (batches.treated_bad > 0)
        batches.clear(whole, self._tick)
        return raised

    def _compare_shares(self, treated: Came, control: Came) -> None:
        newly = treated.newly_bad + control.newly_bad
        turned = newly > 0
        if self.terms.margin > 0:
            turned = turned | (treated.at_risk + control.at_risk > 0)
        lanes = np.flatnonzero(turned & self._compared)
        if lanes.size:
            well, ill, spared = (part[:, lanes] for part in self._factors)
            gains = ill * treated.newly_bad[lanes] + spared * control.newly_bad[lanes]
            if self.terms.margin > 0:
                not_bad = np.maximum(0, treated.at_risk + control.at_risk - newly)[lanes]
                gains = gains + well * not_bad
            self._relative.pay(np.exp(np.minimum(gains, MOST_GAIN)), lanes)
            self._turn(lanes, gains[TURNING])

    def _turn(self, lanes: Ints, gains: Floats) -> None:
        self._drift[lanes] += gains
        lowest = lanes[self._drift[lanes] <= self._low[lanes]]
        self._low[lowest] = self._drift[lowest]
        for since, now in zip(self._since, (self.treated.seen, self.treated.bad), strict=True):
            since[lowest] = now[lowest]

    def _compare_again(self, treated: Came, control: Came) -> None:
        turned = (treated.again_bad + control.again_bad > 0) & self._compared
        lanes = np.flatnonzero(turned)
        if not lanes.size:
            return
        self._repeat.release(self._tick)
        _, ill, spared = (part[:, lanes] for part in self._factors_again)
        gains = ill * treated.again_bad[lanes] + spared * control.again_bad[lanes]
        self._repeat.pay(np.exp(np.minimum(gains, MOST_GAIN)), lanes)

    def _look(self, lanes: Ints) -> None:
        self._peak[lanes] = np.maximum(self._peak[lanes], self._relative.total(lanes))
        self._peak_again[lanes] = np.maximum(self._peak_again[lanes], self._repeat.total(lanes))
        mine = np.zeros(self._n, dtype=bool)
        mine[lanes] = True
        self.blamed = np.where((self.blamed == 0) & mine, self._accused(), self.blamed)

    def _accused(self) -> Ints:
        """Return by which comparison each lane is accused now; 0: by none."""
        again = np.where(self._peak_again >= self._fires[REPEAT], METHODS.index(REPEAT), 0)
        first = np.where(self._peak >= self._fires[RELATIVE], METHODS.index(RELATIVE), again)
        if not first.any():
            return first
        return np.where(self._worse(), first, 0)

    def _worse(self) -> Flags:
        if self.terms.allowed is None:
            return np.ones(self._n, dtype=bool)
        seen = self.treated.seen - self._since[0]
        bad = self.treated.bad - self._since[1]
        worse: Flags = self._beyond() | (bad > self.terms.allowed * seen)
        return worse

    def _beyond(self) -> Flags:
        allowed = self.terms.allowed
        if allowed is None:
            return np.ones(self._n, dtype=bool)
        expected = self.treated.recent_seen * allowed
        clearly = self.treated.recent_bad > expected + CLEARLY * np.sqrt(expected) + 1
        beyond: Flags = clearly | (self.treated.share > allowed)
        return beyond

    def _close(self) -> None:
        allowed, block = self.terms.allowed, self._open
        if allowed is None:
            return
        self._open = OpenBlock(self._n)
        own, (at_risk, bad) = block.own, block.everywhere
        self._alarm_own = self._block(self._own, allowed, self._alarm_own, *own)
        self._alarm_everywhere = self._block(
            self._everywhere, allowed, self._alarm_everywhere, at_risk, bad
        )
        if self._outage.any():
            self._calm(self._own, allowed, *own)
            self._calm(self._everywhere, allowed, at_risk, bad)
        self._attribute(allowed, at_risk > 0)

    def _block(
        self, wealths: Wealths, allowed: float, before: Floats, at_risk: Numbers, bad: Numbers
    ) -> Floats:
        came = at_risk > 0
        share = np.divide(
            np.minimum(bad, at_risk), at_risk, out=np.zeros(self._n), where=came, dtype=float
        )
        bound = max(allowed, blocks.LEAST_BOUND)
        excess = share / bound - 1
        always = [1 + stake * excess for stake in blocks.STAKES]
        called = [
            np.where(before >= bet.wakes_at(bound), 1 + bet.stake * excess, 1.0)
            for bet in blocks.WAITING
        ]
        wealths.release(self._tick)
        wealths.pay(np.where(came, np.array([*always, *called]), 1.0))
        alarm = np.where(bad >= blocks.LEAST_BAD, share, 0.0)
        return np.where(came, alarm, before)

    def _calm(self, wealths: Wealths, allowed: float, at_risk: Numbers, bad: Numbers) -> None:
        calm = self._outage & (at_risk > 0) & (bad <= allowed * at_risk)
        to = np.maximum(1.0, wealths.total() * np.exp(-CALM))
        wealths.lower(to, calm)

    def _attribute(self, allowed: float, came: Flags) -> None:
        own, everywhere = self._firing(ABSOLUTE), self._firing(SYSTEM)
        fired = (own | everywhere) & came
        quiet = ~fired & came
        if not fired.any():
            self._waited[came] = 0
            self._end_outage(quiet & self._outage)
            return
        control_fails = (self.control.share > allowed) | (self.control.recent_share > allowed)
        alone = self._exposures >= EVERYONE
        spared = alone | ~control_fails
        blamable = fired & ~self._outage & (own | self._beyond()) & spared
        sure = alone | (self._waited >= PATIENCE)
        told = blamable & (sure | self._control_is_better(blamable & ~sure))
        method = np.where(own, METHODS.index(ABSOLUTE), METHODS.index(SYSTEM))
        self.blamed = np.where(told & (self.blamed == 0), method, self.blamed)
        self._waited = np.where(blamable & ~told, self._waited + 1, self._waited)
        outage = fired & ~blamable
        self._outage |= outage
        kept = np.exp(OUTAGE_KEPT)
        self._own.lower(self._fires[ABSOLUTE] * kept, outage)
        self._everywhere.lower(self._fires[SYSTEM] * kept, outage)
        self._end_outage(quiet & self._outage)
        self._waited[quiet] = 0

    def _end_outage(self, lanes: Flags) -> None:
        if not lanes.any():
            return
        self._own.lower(1.0, lanes)
        self._everywhere.lower(1.0, lanes)
        self._alarm_own[lanes] = self._alarm_everywhere[lanes] = 0.0
        self._outage[lanes] = False

    def _firing(self, method: str) -> Flags:
        if self.terms.allowed is None:
            return np.zeros(self._n, dtype=bool)
        wealths = self._own if method == ABSOLUTE else self._everywhere
        fires: Flags = wealths.total() >= self._fires[method]
        return fires

    def _control_is_better(self, asked: Flags) -> Flags:
        better: Flags = self.control.seen == 0
        for lane in np.flatnonzero(asked & ~better):
            bad = ceil(self.control.recent_bad[lane])
            n = floor(self.control.recent_seen[lane])
            better[lane] = at_most(bad, n, float(self.treated.recent_share[lane])) <= CHANCE
        return better
