"""How a store keeps access tokens and leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from phasegate.ports import Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    ADAS,
    BENS,
    NOON,
    together,
)


class AccessSentences(OpenedStore):
    """A token by its hash, a lease for one holder."""

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

        got = together(lambda one: store.acquire("engine", f"server-{one}", NOON, end), 6)

        assert sum(got) == 1
