"""The behaviour of a store, as sentences: every adapter inherits them and adds its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from phasegate.core.audit import verify
from phasegate.core.event import START_OF_CHAIN, Event, Json, chain
from phasegate.core.evidence import Arm, Finding, Outcome, Position, Tally
from phasegate.core.plan import Mode, Role
from phasegate.flags.document import FlagState
from phasegate.ports import Conflict, Fence, Reach, Sighting, Store, Token

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
NOON_MS = NOON_S * 1000
START = Position()


def event(number: int, previous: str = START_OF_CHAIN, log: str = "checkout-1") -> Event:
    """Return a small event; the same arguments always give the same one."""
    body: dict[str, Json] = {"phase": "alpha", "share": 0.1, "reasons": ["ripe", None, True]}
    return chain(
        log=log,
        number=number,
        at=NOON + timedelta(seconds=number),
        kind="advanced",
        actor="Ada",
        body=body,
        previous=previous,
    )


def tally(sequence: int, writer: str = "server-1", run: str = "checkout-1") -> Tally:
    """Return a tally in which no two numbers are alike."""
    return Tally(
        run=run,
        phase="alpha",
        component="cart",
        attempt=1,
        series="error_rate",
        arm=Arm.TREATMENT,
        bucket=NOON_S,
        seen=90,
        bad=9,
        subjects=80,
        subjects_bad=8,
        at_risk=70,
        newly_bad=7,
        again_bad=6,
        total=1234.5,
        writer=writer,
        sequence=sequence,
    )


def sighting(subjects: bytes, phase: str = "alpha") -> Sighting:
    """Return a sighting of packed subjects, none of them ill."""
    return Sighting(
        run="checkout-1",
        phase=phase,
        component="cart",
        attempt=1,
        series="error_rate",
        subjects=subjects,
        ill=b"",
    )


FINDING = Finding(
    run="checkout-1",
    phase="alpha",
    step="check database",
    attempt=1,
    outcome=Outcome.FAIL,
    exercised=3,
    bad=1,
    seen="one of three replicas lags",
    remedy="wait until it has caught up",
    at=NOON,
    took_ms=12.5,
)
CART = FlagState(key="cart", exposure=2500, on_trial=True)
BASKET = FlagState(key="basket", exposure=100, mode=Mode.SHADOW)
REACH = Reach(
    environment="production",
    version=7,
    streams={"checkout": 7, "basket": -1},
    lost={"kiosk": 6},
    leased_ms=60_000,
)
ADAS = Token(hash="a" * 64, name="Ada", role=Role.OPERATOR, created=NOON)
BENS = Token(hash="b" * 64, name="Ben", role=Role.APPROVER, created=NOON)


def fence(number: int, log: str = "checkout-1") -> Fence:
    """Return the fence of one event."""
    return Fence(log=log, number=number)


EVENING_MS = NOON_MS + 6 * 3600 * 1000
"""A time by which everything is old."""


def _evening(store: Store, run: str = "checkout-1", writer: str = "server-1") -> int:
    """Store tallies of two hours and a little, two every twelve seconds; return how many."""
    count = 2 * 5 * 130
    added = [
        (tally(number, writer, run), NOON_MS + number // 2 * 12_000 + 77 * (number % 3))
        for number in range(count)
    ]
    for start in range(0, count, 100):
        store.add_evidence(added[start : start + 100], [])
    return count


def _compact(store: Store, most: int = 500) -> list[int]:
    """Compact everything, and return how many tallies each step has handled."""
    steps: list[int] = []
    while handled := store.compact(EVENING_MS, EVENING_MS, most):
        steps.append(handled)
    return steps


class StoreSuite:
    """Inherit it in a class called Test… and say in `open_store` how your store is opened."""

    def open_store(self, place: Path) -> Store:
        """Open a store that lives at `place`, an empty folder that each test has for itself."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Lend a new store and close it."""
        opened = self.open_store(tmp_path)
        yield opened
        opened.close()

    # Logs

    def test_a_new_store_has_no_logs(self, store: Store) -> None:
        assert store.logs() == []
        assert store.events("checkout-1") == []

    def test_an_event_comes_back_as_it_was_appended(self, store: Store) -> None:
        store.append(event(1))

        assert store.events("checkout-1") == [event(1)]

    def test_an_events_moment_keeps_its_offset_so_that_its_hash_still_fits(
        self, store: Store
    ) -> None:
        there = timezone(timedelta(hours=8))
        first = event(1)
        moved = chain(
            log=first.log,
            number=1,
            at=NOON.astimezone(there),
            kind=first.kind,
            actor=first.actor,
            body=first.body,
            previous=START_OF_CHAIN,
        )

        store.append(moved)

        assert verify(store.events("checkout-1")) == ()

    def test_events_after_a_number_are_returned_in_order(self, store: Store) -> None:
        _grow(store, 5)

        assert [each.number for each in store.events("checkout-1", after=2)] == [3, 4, 5]

    def test_a_log_that_was_read_back_verifies(self, store: Store) -> None:
        head = _grow(store, 5)

        assert verify(store.events("checkout-1"), (5, head)) == ()

    def test_a_number_that_is_taken_is_a_conflict(self, store: Store) -> None:
        first = _grow(store, 1)
        store.append(event(2, first))

        with pytest.raises(Conflict, match="checkout-1"):
            store.append(event(2, first))

        assert len(store.events("checkout-1")) == 2

    def test_a_number_that_leaves_a_gap_is_a_conflict(self, store: Store) -> None:
        first = _grow(store, 1)

        with pytest.raises(Conflict):
            store.append(event(3, first))

    def test_an_event_that_does_not_continue_the_chain_is_a_conflict(self, store: Store) -> None:
        _grow(store, 1)

        with pytest.raises(Conflict):
            store.append(event(2, "f" * 64))

    def test_logs_are_numbered_each_for_itself_and_listed_oldest_first(self, store: Store) -> None:
        store.append(event(1, log="checkout-2"))
        store.append(event(1, log="checkout-1"))
        store.append(event(2, event(1, log="checkout-2").hash, log="checkout-2"))

        assert store.logs() == ["checkout-2", "checkout-1"]

    def test_of_many_who_append_at_once_exactly_one_wins_each_number(self, store: Store) -> None:
        def race(_: int) -> int:
            return sum(_wins(store, number) for number in range(1, 11))

        wins = _together(race, 4)

        assert sum(wins) == 10
        assert verify(store.events("checkout-1")) == ()

    # Plans

    def test_a_plan_is_found_by_its_hash(self, store: Store) -> None:
        store.save_plan("c0ffee", "plan: checkout\n", "checkout.yaml")

        assert store.plan_text("c0ffee") == ("plan: checkout\n", "checkout.yaml")

    def test_a_plan_saved_twice_stays_as_it_was_saved_first(self, store: Store) -> None:
        store.save_plan("c0ffee", "plan: checkout\n", "checkout.yaml")
        store.save_plan("c0ffee", "plan: checkout\n", "copy.yaml")

        assert store.plan_text("c0ffee") == ("plan: checkout\n", "checkout.yaml")

    def test_an_unknown_plan_is_a_key_error(self, store: Store) -> None:
        with pytest.raises(KeyError):
            store.plan_text("c0ffee")

    # Evidence

    def test_a_tally_comes_back_as_it_was_added(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS)], [])

        (stored,) = store.tallies("checkout-1", START, NOON_MS)

        assert stored.tally == tally(1)
        assert stored.position.ripe_ms == NOON_MS

    def test_tallies_come_in_the_order_in_which_they_ripen(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 9), (tally(2), NOON_MS)], [])
        store.add_evidence([(tally(3), NOON_MS)], [])

        found = store.tallies("checkout-1", START, NOON_MS + 9)

        assert [stored.tally.sequence for stored in found] == [2, 3, 1]
        assert [stored.position for stored in found] == sorted(one.position for one in found)

    def test_a_tally_that_is_not_ripe_is_not_returned(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS), (tally(2), NOON_MS + 1)], [])

        found = store.tallies("checkout-1", START, NOON_MS)

        assert [stored.tally.sequence for stored in found] == [1]

    def test_reading_goes_on_behind_the_last_position(self, store: Store) -> None:
        store.add_evidence([(tally(number), NOON_MS) for number in (1, 2, 3)], [])
        first = store.tallies("checkout-1", START, NOON_MS)[0]

        found = store.tallies("checkout-1", first.position, NOON_MS)

        assert [stored.tally.sequence for stored in found] == [2, 3]

    def test_a_tally_of_another_run_is_not_returned(self, store: Store) -> None:
        store.add_evidence([(tally(1, run="checkout-2"), NOON_MS)], [])

        assert store.tallies("checkout-1", START, NOON_MS) == []

    def test_a_tally_delivered_twice_is_stored_once(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS)], [])
        store.add_evidence([(tally(1), NOON_MS + 5), (tally(2), NOON_MS + 5)], [])

        found = store.tallies("checkout-1", START, NOON_MS + 5)

        assert [stored.tally.sequence for stored in found] == [1, 2]

    def test_two_writers_may_use_the_same_sequence(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS), (tally(1, writer="server-2"), NOON_MS)], [])

        assert len(store.tallies("checkout-1", START, NOON_MS)) == 2

    def test_a_late_row_is_never_placed_before_one_that_was_read(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 10)], [])
        (read,) = store.tallies("checkout-1", START, NOON_MS + 10)
        store.add_evidence([(tally(2), NOON_MS), (tally(3), NOON_MS + 20)], [])

        found = store.tallies("checkout-1", read.position, NOON_MS + 10)

        assert [stored.tally.sequence for stored in found] == [2]

    def test_a_fold_read_again_from_the_start_sees_the_same_order(self, store: Store) -> None:
        store.add_evidence([(tally(1), NOON_MS + 10)], [])
        first = store.tallies("checkout-1", START, NOON_MS + 10)
        store.add_evidence([(tally(2), NOON_MS)], [])
        second = store.tallies("checkout-1", first[-1].position, NOON_MS + 10)

        assert store.tallies("checkout-1", START, NOON_MS + 10) == first + second

    def test_no_row_is_missed_by_a_fold_that_runs_beside_many_writers(self, store: Store) -> None:
        def write(writer: int) -> int:
            for number in range(20):
                ripe_ms = NOON_MS + number - 5 * writer
                store.add_evidence([(tally(number, writer=f"server-{writer}"), ripe_ms)], [])
            return 0

        folded = []
        with ThreadPoolExecutor(3) as pool:
            writers = [pool.submit(write, number) for number in range(3)]
            after, over = START, False
            while not over:
                over = all(writer.done() for writer in writers)
                found = store.tallies("checkout-1", after, NOON_MS + 20)
                folded += found
                after = found[-1].position if found else after
            assert [writer.result() for writer in writers] == [0, 0, 0]

        assert [writer.result() for writer in writers] == [0, 0, 0]
        assert len(folded) == 60
        assert folded == store.tallies("checkout-1", START, NOON_MS + 20)

    def test_sightings_of_a_phase_come_oldest_first(self, store: Store) -> None:
        store.add_evidence([], [sighting(b"\x00\xff" * 4), sighting(b"other", phase="beta")])
        store.add_evidence([(tally(1), NOON_MS)], [sighting(b"\x01" * 8)])

        found = store.sightings("checkout-1", "alpha")

        assert found == [sighting(b"\x00\xff" * 4), sighting(b"\x01" * 8)]

    def test_a_finding_comes_back_as_it_was_added(self, store: Store) -> None:
        store.add_finding(FINDING)

        assert store.findings("checkout-1") == [FINDING]

    def test_findings_are_told_apart_by_phase_and_come_oldest_first(self, store: Store) -> None:
        later, beta = replace(FINDING, attempt=2), replace(FINDING, phase="beta")
        for finding in (FINDING, beta, later):
            store.add_finding(finding)

        assert store.findings("checkout-1", "alpha") == [FINDING, later]
        assert store.findings("checkout-1") == [FINDING, beta, later]
        assert store.findings("checkout-2") == []

    # Retention

    def test_what_was_compacted_is_read_as_before(self, store: Store) -> None:
        written = _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)

        _compact(store)

        assert len(before) == written
        assert store.tallies("checkout-1", START, EVENING_MS) == before

    def test_reading_goes_on_anywhere_in_what_was_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        for place in (0, 1, 59, 60, 61, len(before) - 1):
            found = store.tallies("checkout-1", before[place].position, EVENING_MS)
            assert found == before[place + 1 :]
        halfway = before[len(before) // 2].position.ripe_ms
        found = store.tallies("checkout-1", START, halfway)
        assert found == [row for row in before if row.position.ripe_ms <= halfway]

    def test_many_tallies_can_be_read_a_few_at_a_time(self, store: Store) -> None:
        written = _evening(store)
        for number in range(written, written + 30):
            store.add_evidence([(tally(number), EVENING_MS)], [])
        everything = store.tallies("checkout-1", START, EVENING_MS)
        store.compact(NOON_MS + 3_600_000, NOON_MS + 3_600_000, 10_000)

        found, after = [], START
        while few := store.tallies("checkout-1", after, EVENING_MS, 70):
            assert len(few) <= 70
            found += few
            after = few[-1].position

        assert found == everything

    def test_a_tally_that_was_compacted_is_not_stored_again(self, store: Store) -> None:
        written = _evening(store)
        store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        store.add_evidence([(tally(number), EVENING_MS) for number in range(written + 1)], [])

        found = store.tallies("checkout-1", START, EVENING_MS)
        assert sorted(row.tally.sequence for row in found) == list(range(written + 1))

    def test_a_tally_that_comes_late_follows_what_was_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        _compact(store)

        store.add_evidence([(tally(1, writer="slow"), NOON_MS)], [])

        (late,) = store.tallies("checkout-1", before[-1].position, EVENING_MS)
        assert late.tally.writer == "slow"

    def test_what_nobody_has_folded_is_not_compacted(self, store: Store) -> None:
        _evening(store)

        assert store.compact(EVENING_MS, EVENING_MS, 10_000) == 0

    def test_compacting_goes_on_in_bounded_steps_until_nothing_is_left(self, store: Store) -> None:
        written = _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)

        steps = _compact(store, most=100)

        assert all(handled <= 1000 for handled in steps)
        assert sum(steps) in (0, 2 * written)
        assert store.compact(EVENING_MS, EVENING_MS, 100) == 0
        assert store.tallies("checkout-1", START, EVENING_MS) == before

    def test_runs_are_compacted_apart(self, store: Store) -> None:
        _evening(store)
        _evening(store, "checkout-2", "server-2")
        before = [store.tallies(run, START, EVENING_MS) for run in ("checkout-1", "checkout-2")]

        _compact(store)

        found = [store.tallies(run, START, EVENING_MS) for run in ("checkout-1", "checkout-2")]
        assert found == before

    def test_readers_and_writers_go_on_while_it_is_compacted(self, store: Store) -> None:
        _evening(store)
        before = store.tallies("checkout-1", START, EVENING_MS)
        over: list[bool] = []

        def read_and_write(number: int) -> int:
            while not over:
                again = [(tally(0), EVENING_MS), (tally(7 * number), EVENING_MS)]
                store.add_evidence(again, [])
                assert store.tallies("checkout-1", START, EVENING_MS) == before
            return 0

        with ThreadPoolExecutor(2) as pool:
            busy = [pool.submit(read_and_write, number) for number in range(2)]
            _compact(store, most=50)
            over.append(True)
            assert [each.result() for each in busy] == [0, 0]

    def test_the_subjects_of_one_run_are_forgotten(self, store: Store) -> None:
        store.add_evidence([], [sighting(b"\x01" * 8), replace(sighting(b"\x02" * 8), run="other")])

        store.forget_subjects("checkout-1")

        assert store.sightings("checkout-1", "alpha") == []
        assert len(store.sightings("other", "alpha")) == 1

    # Flags

    def test_an_unknown_environment_has_version_0_and_no_flags(self, store: Store) -> None:
        assert store.flag_states("production") == (0, [])

    def test_flag_states_come_back_sorted_by_key(self, store: Store) -> None:
        version = store.put_flag_states("production", [CART, BASKET], fence(1))

        assert version == 1
        assert store.flag_states("production") == (1, [BASKET, CART])

    def test_only_the_named_flags_are_replaced(self, store: Store) -> None:
        store.put_flag_states("production", [CART, BASKET], fence(1))
        killed = replace(CART, killed=True, on_trial=False)

        assert store.put_flag_states("production", [killed], fence(2)) == 2
        assert store.flag_states("production") == (2, [BASKET, killed])

    def test_a_write_that_changes_nothing_keeps_the_version(self, store: Store) -> None:
        store.put_flag_states("production", [CART], fence(1))

        assert store.put_flag_states("production", [CART], fence(1)) == 1
        assert store.put_flag_states("production", [CART], fence(2)) == 1

    def test_a_write_behind_a_later_one_is_a_conflict_and_changes_nothing(
        self, store: Store
    ) -> None:
        store.put_flag_states("production", [CART], fence(7))

        with pytest.raises(Conflict, match="production"):
            store.put_flag_states("production", [replace(CART, exposure=0)], fence(6))

        assert store.flag_states("production") == (1, [CART])

    def test_a_fence_holds_even_if_the_later_write_changed_nothing(self, store: Store) -> None:
        store.put_flag_states("production", [CART], fence(1))
        store.put_flag_states("production", [CART], fence(7))

        with pytest.raises(Conflict):
            store.put_flag_states("production", [BASKET], fence(6))

    def test_logs_do_not_fence_each_other(self, store: Store) -> None:
        store.put_flag_states("production", [CART], fence(7))

        assert store.put_flag_states("production", [BASKET], fence(1, "flags:production")) == 2

    def test_environments_have_flags_and_versions_of_their_own(self, store: Store) -> None:
        store.put_flag_states("production", [CART], fence(1))
        store.put_flag_states("staging", [BASKET], fence(1, "checkout-2"))

        assert store.flag_states("production") == (1, [CART])
        assert store.flag_states("staging") == (1, [BASKET])

    # Tokens and leases

    def test_a_token_is_found_by_its_hash_alone(self, store: Store) -> None:
        store.add_token(BENS)
        store.add_token(ADAS)

        assert store.token("a" * 64) == ADAS
        assert store.token("c" * 64) is None
        assert store.tokens() == [ADAS, BENS]

    def test_a_token_of_the_same_name_replaces_the_old_one(self, store: Store) -> None:
        store.add_token(ADAS)
        store.add_token(replace(ADAS, hash="c" * 64))

        assert store.token("a" * 64) is None
        assert [token.hash for token in store.tokens()] == ["c" * 64]

    def test_a_lease_is_kept_from_others_until_it_ends(self, store: Store) -> None:
        end = NOON + timedelta(seconds=10)

        assert store.acquire("engine", "server-1", NOON, end)
        assert not store.acquire("engine", "server-2", NOON + timedelta(seconds=9), end)
        assert store.acquire("engine", "server-2", end, end + timedelta(seconds=10))

    def test_the_holder_of_a_lease_renews_it(self, store: Store) -> None:
        end = NOON + timedelta(seconds=10)
        store.acquire("engine", "server-1", NOON, end)

        assert store.acquire("engine", "server-1", NOON, end + timedelta(seconds=10))
        assert not store.acquire("engine", "server-2", end, end + timedelta(seconds=20))

    def test_leases_of_different_names_do_not_meet(self, store: Store) -> None:
        end = NOON + timedelta(seconds=10)

        assert store.acquire("checkout-1", "server-1", NOON, end)
        assert store.acquire("checkout-2", "server-2", NOON, end)

    def test_of_many_who_want_a_lease_at_once_exactly_one_gets_it(self, store: Store) -> None:
        end = NOON + timedelta(seconds=10)

        got = _together(lambda one: store.acquire("engine", f"server-{one}", NOON, end), 6)

        assert sum(got) == 1

    # Servers

    def test_of_a_new_store_nobody_was_ever_attended(self, store: Store) -> None:
        found = store.attended()

        assert found.ago_ms is None
        assert found.leases == {}

    def test_a_round_of_decisions_leaves_leases_that_run_down(self, store: Store) -> None:
        store.attend({"production": 60_000, "staging": None})

        found = store.attended()

        assert found.ago_ms is not None
        assert 0 <= found.ago_ms < 10_000
        assert 50_000 < (found.leases["production"] or 0) <= 60_000
        assert found.leases["staging"] is None

    def test_a_round_keeps_the_leases_that_it_does_not_name(self, store: Store) -> None:
        store.attend({"production": 60_000})
        store.attend({"staging": 1_000})

        assert set(store.attended().leases) == {"production", "staging"}

    def test_a_lease_that_has_run_out_is_nothing(self, store: Store) -> None:
        store.attend({"production": 0})

        assert store.attended().leases == {"production": 0}

    def test_a_servers_report_comes_back(self, store: Store) -> None:
        store.report("server-1", [REACH])

        (found,) = store.reports("production")

        assert found.server == "server-1"
        assert replace(found.reach, leased_ms=60_000) == REACH
        assert 50_000 < (found.reach.leased_ms or 0) <= 60_000
        assert 0 <= found.silent_ms < 10_000

    def test_a_server_reports_again_and_replaces_what_it_said(self, store: Store) -> None:
        store.report("server-1", [REACH])
        for version in (8, 9, 9):
            store.report("server-1", [replace(REACH, version=version, leased_ms=None)])

        (found,) = store.reports("production")

        assert found.reach == replace(REACH, version=9, leased_ms=None)

    def test_reports_are_told_apart_by_server_and_environment(self, store: Store) -> None:
        store.report("server-2", [REACH])
        store.report("server-1", [REACH, replace(REACH, environment="staging")])

        assert [found.server for found in store.reports("production")] == ["server-1", "server-2"]
        assert [found.server for found in store.reports("staging")] == ["server-1"]
        assert store.reports("demo") == []

    def test_a_secret_is_made_once(self, store: Store) -> None:
        first = store.secret("subjects")

        assert store.secret("subjects") == first
        assert store.secret("others") != first
        assert len(first) == 32


class DurableStoreSuite(StoreSuite):
    """For stores that outlive their process: `open_store` finds again what `place` holds."""

    def test_everything_is_there_after_opening_again(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        head = _grow(store, 3)
        store.save_plan("c0ffee", "plan: checkout\n", "checkout.yaml")
        store.add_evidence([(tally(1), NOON_MS)], [sighting(b"\x01" * 8)])
        store.add_finding(FINDING)
        store.put_flag_states("production", [CART], fence(3))
        store.add_token(ADAS)
        store.acquire("engine", "server-1", NOON, NOON + timedelta(seconds=10))
        store.close()

        again = self.open_store(tmp_path)

        assert verify(again.events("checkout-1"), (3, head)) == ()
        assert again.plan_text("c0ffee") == ("plan: checkout\n", "checkout.yaml")
        assert [each.tally for each in again.tallies("checkout-1", START, NOON_MS)] == [tally(1)]
        assert again.sightings("checkout-1", "alpha") == [sighting(b"\x01" * 8)]
        assert again.findings("checkout-1") == [FINDING]
        assert again.flag_states("production") == (1, [CART])
        assert again.tokens() == [ADAS]
        assert not again.acquire("engine", "server-2", NOON, NOON + timedelta(seconds=10))
        again.close()

    def test_a_fence_and_a_mark_of_reading_hold_after_opening_again(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        store.put_flag_states("production", [CART], fence(7))
        store.add_evidence([(tally(1), NOON_MS + 10)], [])
        (read,) = store.tallies("checkout-1", START, NOON_MS + 10)
        store.close()

        again = self.open_store(tmp_path)
        again.add_evidence([(tally(2), NOON_MS)], [])

        with pytest.raises(Conflict):
            again.put_flag_states("production", [CART], fence(6))
        assert len(again.tallies("checkout-1", read.position, NOON_MS + 10)) == 1
        again.close()

    def test_two_who_opened_the_same_store_see_each_others_writes(self, tmp_path: Path) -> None:
        one, other = self.open_store(tmp_path), self.open_store(tmp_path)

        one.append(event(1))

        assert other.events("checkout-1") == [event(1)]
        one.close()
        other.close()

    def test_two_who_opened_the_same_store_have_the_same_secrets(self, tmp_path: Path) -> None:
        one, other = self.open_store(tmp_path), self.open_store(tmp_path)

        assert one.secret("subjects") == other.secret("subjects")
        one.close()
        other.close()


def _grow(store: Store, count: int) -> str:
    """Append `count` events to an empty log and return the last one's hash."""
    head = START_OF_CHAIN
    for number in range(1, count + 1):
        added = event(number, head)
        store.append(added)
        head = added.hash
    return head


def _wins(store: Store, number: int) -> bool:
    """Try to append event `number` behind the one before it; say whether it worked."""
    before = store.events("checkout-1", after=number - 2)
    try:
        store.append(event(number, before[0].hash if number > 1 else START_OF_CHAIN))
    except Conflict:
        return False
    return True


def _together(act: Callable[[int], int], count: int) -> list[int]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))
