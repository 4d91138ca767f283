"""Judging in one place: fold stored tallies into a ledger, then ask it about guards and gates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from phasegate.core.evidence import Position, StoredTally, Tally
from phasegate.core.judge import level
from phasegate.core.judge.account import Account, moment
from phasegate.core.judge.budget import Budget, allocate
from phasegate.core.judge.gates import judge_gates
from phasegate.core.judge.guards import judge_guards
from phasegate.core.judge.ledger import AccountKey, Ledger, LevelKey, setup_of, start
from phasegate.core.judge.level import Streak
from phasegate.core.judge.rules import Rule, gate_rules, guard_rules
from phasegate.core.judge.setup import fault
from phasegate.core.plan import Plan
from phasegate.core.stretch import Stretch, in_force

Earlier = Mapping[tuple[str, str, int], Sequence[Stretch]]
"""Exposures that are over, oldest first, by (phase, component, attempt)."""

NO_EARLIER: Earlier = MappingProxyType({})

__all__ = ["Ledger", "fold", "judge_gates", "judge_guards", "start", "withdraw"]


def fold(
    plan: Plan,
    ledger: Ledger,
    trials: Mapping[tuple[str, str, int], int],
    stored: Sequence[StoredTally],
    unconfirmed: Collection[tuple[str, str, int]] = (),
    *,
    earlier: Earlier = NO_EARLIER,
) -> Ledger:
    """Return the ledger after these rows.

    trials  exposure in basis points in force, by (phase, component, attempt). A trial that is
            missing has no known exposure: its arms are counted but not compared.
    stored  rows in the order of their positions, all behind the ledger's.
    unconfirmed  trials whose exposure was asked for and not yet read back: the size of their arms
                 says nothing.
    earlier  what was in force before, of trials whose exposure has changed. A row that was seen
             then is compared under that exposure, however late it became readable.

    How the rows are cut into calls changes nothing. ValueError for rows out of order.
    """
    folding = _Folding(plan, ledger, trials, unconfirmed, earlier)
    for row in stored:
        folding.add(row)
    return folding.ledger()


def withdraw(ledger: Ledger, phase: str, component: str) -> Ledger:
    """Return the ledger after a guilty component went: its neighbours do not answer for it.

    Absolute and system evidence of the phase's other components falls back to where it began;
    the comparison with control stays, since a neighbour hits both arms alike.
    """
    accounts = {
        key: account.capped() if key[0] == phase and key[1] != component else account
        for key, account in ledger.accounts.items()
    }
    return replace(ledger, accounts=MappingProxyType(accounts))


class _Folding:
    """One call of fold: which accounts it has copied, and how each is judged."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        trials: Mapping[tuple[str, str, int], int],
        unconfirmed: Collection[tuple[str, str, int]],
        earlier: Earlier,
    ) -> None:
        self._plan, self._trials, self._unconfirmed = plan, trials, unconfirmed
        self._earlier = earlier
        self._lags = {metric.name: metric.lag.total_seconds() for metric in plan.metrics}
        self._budget: Budget = allocate(plan)
        self._ledger = ledger
        self._position: Position = ledger.position
        self._accounts: dict[AccountKey, Account] = dict(ledger.accounts)
        self._levels: dict[LevelKey, Streak] = dict(ledger.levels)
        self._open: dict[AccountKey, tuple[Account, int, bool]] = {}
        self._ladders = {
            (phase.name, cut): rule.series
            for phase in plan.phases
            for rule in guard_rules(plan, phase)
            for cut in rule.ladder
        }
        self._level_rules = {
            phase.name: [
                rule
                for rule in (*gate_rules(plan, phase), *guard_rules(plan, phase))
                if rule.level and not rule.problem
            ]
            for phase in plan.phases
        }

    def add(self, row: StoredTally) -> None:
        """Fold one row."""
        if row.position <= self._position:
            raise ValueError(f"row {row.position} does not follow {self._position}")
        self._position = row.position
        tally = row.tally
        key = (tally.phase, tally.component, tally.attempt, tally.series)
        self._add(key, row)
        ladder = self._ladders.get((tally.phase, tally.series)) if self._ladders else None
        if ladder:
            self._add((*key[:3], ladder), row)
        if self._level_rules.get(tally.phase):
            self._read(tally, moment(tally, row.position.ripe_ms))

    def ledger(self) -> Ledger:
        """Return the ledger as it stands."""
        return Ledger(
            position=self._position,
            accounts=MappingProxyType(self._accounts),
            levels=MappingProxyType(self._levels),
        )

    def _add(self, key: AccountKey, row: StoredTally) -> None:
        group = row.position.ripe_ms
        account, exposure, confirmed = self._open.get(key) or self._opened(key, group)
        then = self._then(row, account, exposure) if key[:3] in self._earlier else None
        account.add(row.tally, group, exposure, confirmed=confirmed, then=then)

    def _then(self, row: StoredTally, account: Account, exposure: int) -> int | None:
        """Return the exposure under which a row was seen, where that is another than now.

        A row that came about when it should tells by that when it was seen: clocks of applications
        may be wrong. One that came much later has its own word alone. Either may be of any moment
        of a block, since sources count by the block.
        """
        if not exposure:
            return None
        tally, came = row.tally, row.position.ripe_ms / 1000
        due = came - self._lags.get(tally.series.partition(">")[0], 0.0)
        block = account.setup.block_s
        prompt = due - tally.bucket <= account.setup.grace_s
        last = max(due if prompt else tally.bucket, tally.bucket) + block
        earlier = self._earlier[tally.phase, tally.component, tally.attempt]
        then = in_force(earlier, exposure, tally.bucket, last)
        return None if then == exposure else then

    def _opened(self, key: AccountKey, group: int) -> tuple[Account, int, bool]:
        known = self._ledger.to_go_on(key, group)
        account = known or Account.opened(setup_of(self._plan, self._budget, key))
        self._accounts[key] = account
        # Requests of one subject fail together, so their arms are not compared: a coin that is
        # tossed once and counted ten times proves what it likes.
        exposure = self._trials.get(key[:3], 0) if _knows_subjects(self._plan, key[3]) else 0
        self._open[key] = (account, exposure, key[:3] not in self._unconfirmed)
        return self._open[key]

    def _read(self, tally: Tally, at: int) -> None:
        for key, rule in self._watching(tally):
            streak = self._levels.get(key, Streak())
            wrong = fault(tally)
            self._levels[key] = (
                replace(streak, invalid=wrong)
                if wrong
                else level.read(
                    streak,
                    tally,
                    at,
                    comparison=rule.condition.comparison,
                    bound=rule.condition.bound or 0.0,
                    gate=rule.gate,
                    gap=self._plan.blind_for.total_seconds(),
                )
            )

    def _watching(self, tally: Tally) -> Iterator[tuple[LevelKey, Rule]]:
        for rule in self._level_rules[tally.phase]:
            if rule.series == tally.series:
                yield (tally.phase, rule.gate, rule.index), rule


def _knows_subjects(plan: Plan, series: str) -> bool:
    name = series.partition(">")[0]
    return all(metric.knows_subjects for metric in plan.metrics if metric.name == name)
