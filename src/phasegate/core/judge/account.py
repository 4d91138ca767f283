"""The account of one series of one trial: its counts, its open batch, and its share guards.

Tallies that became readable together (one group) are one batch: between them neither arm is
complete, so no evidence is looked at there. This is also why it does not matter how the rows are
cut into calls. Mutable for speed; `fold` copies an account before it changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from phasegate.core.evidence import Arm, Tally
from phasegate.core.judge import aside, means, ratio, share
from phasegate.core.judge.aside import Aside
from phasegate.core.judge.bets import Wealth
from phasegate.core.judge.counts import Arms, Block, Counts
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.share import ShareGuard
from phasegate.core.judge.terms import Terms
from phasegate.core.judge.twins import twin
from phasegate.core.judge.units import Values
from phasegate.core.plan import EVERYONE

UNSEEN = -1


@dataclass(slots=True)
class Account:
    """State of one series of one component's attempt.

    setup            what it is judged by; guards, one for each of its terms.
    group, exposure  of the open batch; `batch` what it holds, `block` the open block.
    aside            what came of earlier exposures in the open group, by exposure; `late` the last.
    harmed           treated harm of the open group was compared and not looked at yet.
    batch_tick       how many blocks after the first one a mean's batch began.
    first, tick      first block seen, and how many blocks later the newest began.
    observed         treated observations, with those of nobody in particular.
    last_seen, heard newest second seen of any arm, and of treatment: control may go on talking
                     while nobody treated is heard of any more.
    alarms           bad observations in tallies that were impossible otherwise.
    ratio, uneven    evidence that the arms have the wrong size; what is wrong, once it is shown.
    came             new subjects of the open group, and the treated among them.
    even_from        second from which arrivals count: a new exposure takes time to reach everybody.
    values           of a series with a unit.
    invalid          what the first impossible tally was; empty while there was none.
    """

    setup: Setup = field(default_factory=Setup)
    guards: tuple[ShareGuard, ...] = ()
    treated: Counts = field(default_factory=Counts)
    control: Counts = field(default_factory=Counts)
    batch: Block = field(default_factory=Block)
    aside: Mapping[int, Aside] = field(default_factory=lambda: aside.NONE)
    late: int = UNSEEN
    harmed: bool = False
    block: Block = field(default_factory=Block)
    group: int = UNSEEN
    exposure: int = 0
    batch_tick: int = 0
    first: int = 0
    tick: int = 0
    observed: int = 0
    last_seen: int | None = None
    heard: int | None = None
    alarms: int = 0
    ratio: Wealth = field(default_factory=ratio.opened)
    uneven: str = ""
    came: int = 0
    came_treated: int = 0
    even_from: int = 0
    values: Values = field(default_factory=Values)
    invalid: str = ""

    @property
    def arms(self) -> Arms:
        """Both arms' counts."""
        return Arms(treated=self.treated, control=self.control)

    @property
    def events(self) -> int:
        """Bad observations in treatment, for a sentinel."""
        return round(self.treated.bad) + self.alarms

    @classmethod
    def opened(cls, setup: Setup) -> Account:
        """Return an account that has seen nothing."""
        return cls(setup=setup, guards=tuple(share.opened(terms) for terms in setup.terms))

    def guard(self, index: int) -> tuple[ShareGuard, Terms]:
        """Return the share guard of the condition at `index` of roll_back_when, and its terms."""
        place = [terms.index for terms in self.setup.terms].index(index)
        return self.guards[place], self.setup.terms[place]

    def copy(self) -> Account:
        """Return an account that can be changed without changing this one."""
        copy = _account(self)
        copy.treated, copy.control = _counts(self.treated), _counts(self.control)
        copy.batch, copy.block = _block(self.batch), _block(self.block)
        copy.values = _values(self.values)
        copy.aside = aside.copied(self.aside)
        return copy

    def add(
        self,
        tally: Tally,
        group: int,
        exposure: int,
        *,
        confirmed: bool = True,
        then: int | None = None,
    ) -> None:
        """Add a tally of the group; exposure in basis points, 0 where it is not known.

        confirmed  the exposure was read back at the target.
        then       the exposure under which it was seen, where that is another, earlier one.
        """
        wrong = self.setup.fault(tally)
        if wrong:
            self.invalid = self.invalid or wrong
            if tally.arm is Arm.TREATMENT and tally.seen >= 0:
                self.alarms += max(0, tally.bad)
            return
        at = moment(tally, group)
        self._hear(tally, at)
        if group != self.group:
            self._end_group()
        if then is None:
            if exposure != self.exposure or not confirmed:
                self._expose(exposure, at)
            self._count(tally, at, self)
        else:
            if then not in (self.exposure, self.late):
                self.even_from = max(self.even_from, at + self.setup.grace_s)
            self.late = then
            self._count(tally, at, self._aside(then))
        self.group = group

    def _expose(self, exposure: int, at: int) -> None:
        if exposure != self.exposure:
            self._end_batch()
        self.exposure = exposure
        self.even_from = max(self.even_from, at + self.setup.grace_s)

    def _count(self, tally: Tally, at: int, into: Account | Aside) -> None:
        self._turn_to(at)
        treatment = tally.arm is Arm.TREATMENT
        part = self.setup.part(tally)
        (self.treated if treatment else self.control).add(part)
        if part.at_risk or part.newly_bad or part.again_bad:
            if not into.batch.at_risk:
                into.batch_tick = self.tick
            into.batch.add(part, treatment=treatment)
            self.block.add(part, treatment=treatment)
        if self.setup.arms and at >= self.even_from:
            into.came += tally.subjects
            into.came_treated += tally.subjects if treatment else 0
        if self.setup.valued:
            self.values.add(tally.seen, tally.total)

    def _aside(self, exposure: int) -> Aside:
        found = self.aside.get(exposure)
        if found is None:
            found = Aside()
            self.aside = {**self.aside, exposure: found}
        return found

    def _hear(self, tally: Tally, at: int) -> None:
        if tally.arm is Arm.TREATMENT and tally.seen:
            self.heard = max(self.heard or at, at)
            self.observed += tally.seen

    def settled(self) -> Account:
        """Return the account as it is once the open group is complete; not to be changed.

        It shares its counts with this one: the end of a group touches none of them.
        """
        if self._rests:
            return self
        account = _account(self)
        account.aside = aside.copied(self.aside)
        account._end_group()
        return account

    @property
    def _rests(self) -> bool:
        """The end of the open group would change nothing, as when a second brought no harm."""
        news = self.batch.worth_a_look or self.batch.newly_bad or self.setup.graded
        return not (self.came or self.aside or self.harmed or news)

    def capped(self) -> Account:
        """Return the account without what a guilty neighbour may have added to it.

        The open block is closed early, so that nothing of it counts later; both are valid, since
        closing depends on the past alone and giving up capital only lowers it.
        """
        account = self.copy()
        account._end_group()
        account._close_block()
        account.guards = tuple(share.capped(guard) for guard in account.guards)
        return account

    def _end_group(self) -> None:
        """Look at the arms, which are complete now, and at what their comparison has grown to."""
        if self.aside:
            self._end_aside()
        self._end_batch()

    def _end_batch(self) -> None:
        looked, self.harmed = self.harmed, False
        self._weigh_arms(self, self.exposure)
        if self.setup.graded and not means.whole(self.batch):
            # Half a batch waits for its other arm, and not for news: but it must not grow old.
            if self.batch_tick < self.tick:
                self.batch = Block()
        else:
            looked |= self.batch.worth_a_look
            if self.batch.worth_a_look or self.batch.newly_bad or self.setup.graded:
                self._pay()
        if not looked or self.uneven:
            return
        self.guards = tuple(
            share.look(guard, terms, self.arms)
            for guard, terms in zip(self.guards, self.setup.terms, strict=True)
        )

    def _end_aside(self) -> None:
        """Weigh and pay for what came of earlier exposures."""
        waiting = {}
        for exposure, one in self.aside.items():
            self._weigh_arms(one, exposure)
            if self.setup.graded and not means.whole(one.batch):
                if one.batch_tick >= self.tick:
                    waiting[exposure] = one
                continue
            self.harmed = self.harmed or one.batch.worth_a_look
            self._compare(one.batch, exposure)
        self.aside = waiting or aside.NONE

    def _weigh_arms(self, new: Account | Aside, exposure: int) -> None:
        if not new.came:
            return
        control = new.came - new.came_treated
        self.ratio = ratio.arrived(self.ratio, exposure, new.came_treated, control)
        new.came = new.came_treated = 0
        if not self.uneven and ratio.broken(self.ratio, self.setup.arms):
            self.uneven = ratio.told(self.treated, self.control, exposure)

    def _pay(self) -> None:
        self._compare(self.batch, self.exposure)
        self.batch = Block()

    def _compare(self, batch: Block, exposure: int) -> None:
        if batch.empty:
            return
        self.guards = tuple(
            share.compare(guard, terms, self.tick, exposure, batch, self.arms)
            for guard, terms in zip(self.guards, self.setup.terms, strict=True)
        )

    def _turn_to(self, bucket: int) -> None:
        """Begin the bucket's block; a row of an earlier block belongs to the open one."""
        number = bucket // self.setup.block_s
        if self.last_seen is None:
            self.first, self.last_seen = number, bucket
            return
        self.last_seen = max(self.last_seen, bucket)
        ticks = number - self.first - self.tick
        if ticks <= 0:
            return
        # Between two rows of one group neither arm, nor what a mean is made of, is complete.
        if not self.setup.graded:
            self.harmed = self.harmed or self.batch.worth_a_look
            self._pay()
        self._close_block()
        self.tick += ticks
        self.treated.fade(ticks)
        self.control.fade(ticks)

    def _close_block(self) -> None:
        alone = self.exposure >= EVERYONE
        if self.block.at_risk:
            self.guards = tuple(
                share.close(guard, terms, self.tick, self.block, self.arms, alone=alone)
                for guard, terms in zip(self.guards, self.setup.terms, strict=True)
            )
        self.block = Block()
        wrong = self.values.close()
        self.invalid = self.invalid or wrong


def moment(tally: Tally, ripe_ms: int) -> int:
    """Return the Unix second of a tally; never later than when it became readable.

    A writer whose clock runs ahead would otherwise end the watch for everybody: all later rows
    would belong to a block that never closes, and the series would look fresh while it is silent.
    """
    return min(tally.bucket, ripe_ms // 1000)


_account, _counts, _block, _values = twin(Account), twin(Counts), twin(Block), twin(Values)
