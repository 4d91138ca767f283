"""How a store keeps what servers tell of themselves."""

from __future__ import annotations

from dataclasses import replace

from phasegate.ports import Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    REACH,
)


class ServerSentences(OpenedStore):
    """Who lives, how far it has come, and who was attended when."""

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
