"""How a store keeps the states of flags."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phasegate.ports import Conflict, Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    BASKET,
    CART,
    fence,
)


class FlagSentences(OpenedStore):
    """Versions that grow with every change, and no write behind a later one."""

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
