from __future__ import annotations

from datetime import UTC, datetime, timedelta

from phasegate.engine.unseen import Silences

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_last_silence_of_a_metric_is_told_until_it_is_read_again() -> None:
    silences = Silences()
    silences.tell("checkout-1", "queue", "", "nothing listens there", NOON)
    silences.tell("checkout-1", "queue", "", "it took too long", NOON + MINUTE)

    told = silences.since("checkout-1", NOON + MINUTE, within=MINUTE)
    silences.heard("checkout-1", "queue", "")

    assert [(one.metric, one.why) for one in told] == [("queue", "it took too long")]
    assert silences.since("checkout-1", NOON + MINUTE, within=MINUTE) == ()


def test_what_every_component_lacks_alike_is_told_once() -> None:
    silences = Silences()
    for component in ("new_cart", "new_till"):
        silences.tell("checkout-1", "errors", component, "nothing listens there", NOON)
    silences.heard("checkout-1", "errors", "new_cart")
    silences.tell("checkout-1", "errors", "old_cart", "nothing listens there", NOON)

    assert len(silences.since("checkout-1", NOON, within=MINUTE)) == 1


def test_old_silences_and_those_of_other_runs_are_not_told() -> None:
    silences = Silences()
    silences.tell("checkout-1", "queue", "", "nothing listens there", NOON)

    assert silences.since("checkout-1", NOON + 2 * MINUTE, within=MINUTE) == ()
    assert silences.since("checkout-2", NOON, within=MINUTE) == ()
