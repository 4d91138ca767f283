"""What stores keep that outlive their process."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from phasegate.core.audit import verify
from phasegate.ports import Conflict
from phasegate.testing.store_suite.specimens import (
    ADAS,
    CART,
    FINDING,
    NOON,
    NOON_MS,
    START,
    event,
    fence,
    grow,
    sighting,
    tally,
)
from phasegate.testing.store_suite.suite import StoreSuite


class DurableStoreSuite(StoreSuite):
    """For stores that outlive their process: `open_store` finds again what `place` holds."""

    def test_everything_is_there_after_opening_again(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        head = grow(store, 3)
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
