"""Flags on trial live as long as their lease, whatever the network does to heartbeats."""

from __future__ import annotations

import pytest

from phasegate.client.lease import Lease, LeasedFlags
from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState, document
from phasegate.flags.resolution import Reason
from phasegate.testing.dial import Seconds


@pytest.fixture
def dial() -> Seconds:
    return Seconds()


@pytest.fixture
def lease(dial: Seconds) -> Lease:
    return Lease(dial)


@pytest.fixture
def flags(lease: Lease) -> LeasedFlags:
    states = [
        FlagState(key="new_cart", exposure=10_000, on_trial=True),
        FlagState(key="new_search", exposure=10_000),
    ]
    return LeasedFlags(compile_document(document("production", 1, states)), lease)


def value(flags: LeasedFlags, key: str = "new_cart") -> object:
    return flags.evaluate(key, "patient-1", {}).value


def test_a_flag_on_trial_is_off_before_the_first_heartbeat(flags: LeasedFlags) -> None:
    assert value(flags) is False


def test_a_flag_on_trial_is_on_while_the_lease_holds(
    flags: LeasedFlags, lease: Lease, dial: Seconds
) -> None:
    lease.renew(900)

    dial.now += 0.899
    assert value(flags) is True
    dial.now += 0.001
    assert value(flags) is False


def test_a_withdrawn_flag_says_why(flags: LeasedFlags) -> None:
    outcome = flags.evaluate("new_cart", "patient-1", {})

    assert (outcome.variant, outcome.reason) == ("off", Reason.STALE)
    assert outcome.metadata["lease"] == "expired"
    assert outcome.metadata["flagSetId"] == "production"


def test_a_flag_that_is_not_on_trial_needs_no_lease(flags: LeasedFlags) -> None:
    assert value(flags, "new_search") is True


def test_a_heartbeat_without_a_number_keeps_the_trial_for_ever(
    flags: LeasedFlags, lease: Lease, dial: Seconds
) -> None:
    lease.renew(None)

    dial.now += 1e9
    assert value(flags) is True


def test_a_heartbeat_may_shorten_the_lease(flags: LeasedFlags, lease: Lease) -> None:
    lease.renew(900)
    lease.renew(0)

    assert value(flags) is False


def test_a_heartbeat_that_lay_in_a_buffer_counts_from_when_it_was_sent(
    flags: LeasedFlags, lease: Lease, dial: Seconds
) -> None:
    lease.renew(900, sent_ms=5_000)

    dial.now += 60
    lease.renew(900, sent_ms=5_100)

    assert value(flags) is False


def test_another_server_has_another_clock(flags: LeasedFlags, lease: Lease, dial: Seconds) -> None:
    lease.renew(900, sent_ms=9_000_000)

    dial.now += 1
    lease.connect()
    lease.renew(900, sent_ms=5)

    assert value(flags) is True


def test_an_ended_lease_is_not_renewed(flags: LeasedFlags, lease: Lease) -> None:
    lease.end()
    lease.renew(None)

    assert value(flags) is False


def test_what_needs_a_flag_on_trial_goes_with_its_lease(lease: Lease, dial: Seconds) -> None:
    states = [
        FlagState(key="payments", exposure=10_000, on_trial=True),
        FlagState(key="receipts", exposure=10_000),
        FlagState(key="reminders", exposure=10_000),
    ]
    whole = document("production", 1, states)
    whole["flags"]["receipts"]["requires"] = ["payments"]
    whole["flags"]["reminders"]["requires"] = ["receipts"]
    flags = LeasedFlags(compile_document(whole), lease)
    lease.renew(1_000)
    during = flags.evaluate("reminders", "patient-1", {})

    dial.now += 2
    after = flags.evaluate("reminders", "patient-1", {})

    assert during.value is True
    assert (after.value, after.reason, after.metadata["lease"]) == (False, Reason.STALE, "expired")
