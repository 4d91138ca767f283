from __future__ import annotations

from collections.abc import Callable

import pytest

from phasegate.core.evidence import ENVIRONMENT, Outcome


def read(trial, *readings: float, every: int = 30, begin: int = 0):
    for n, value in enumerate(readings):
        at = begin + n * every
        trial.tally(
            "control", at=at, component=ENVIRONMENT, series="memory", seen=1, total=float(value)
        )
    return trial


def test_a_level_beyond_its_bound_for_the_whole_hold_trips_and_accuses_nobody(feed) -> None:
    (verdict,) = read(feed("memory > 90%"), 95, 95, 95, 95, 95).guards()

    assert (verdict.outcome, verdict.component, verdict.accuses) == (
        Outcome.FAIL,
        ENVIRONMENT,
        False,
    )
    assert verdict.sentence == "memory 95 %: beyond the bound of 90 % for 5 readings over 120 s"


@pytest.mark.parametrize("readings", [(95, 95, 95, 95), (95, 95, 89, 95, 95), (50, 95, 95, 95, 95)])
def test_less_than_the_hold_does_not_trip(feed: Callable, readings: tuple[int, ...]) -> None:
    assert read(feed("memory > 90%"), *readings).guards()[0].outcome is Outcome.PASS


def test_two_readings_are_too_few_however_far_apart(feed) -> None:
    trial = read(feed("memory > 90%"), 95, 95, every=200)

    assert trial.guards()[0].outcome is Outcome.PASS


def test_a_long_silence_starts_the_hold_anew(feed) -> None:
    trial = read(feed("memory > 90%"), 95, 95)

    assert read(trial, 95, 95, begin=1000).guards()[0].outcome is Outcome.PASS


def test_without_a_reading_neither_guard_nor_gate_is_decided(feed) -> None:
    trial = feed("memory > 90%", gates=("memory < 80%",))

    assert [v.outcome for v in (*trial.guards(), *trial.gates())] == [Outcome.INCONCLUSIVE] * 2


def test_a_gate_passes_when_every_reading_of_the_hold_is_within(feed) -> None:
    trial = read(feed(gates=("memory < 80%",)), 70, 70, 70, 70, 70)

    (verdict,) = trial.gates(now=121)

    assert (verdict.outcome, verdict.estimate, verdict.n) == (Outcome.PASS, 70.0, 5)


def test_a_gate_fails_on_the_newest_reading_beyond(feed) -> None:
    trial = read(feed(gates=("memory < 80%",)), 70, 70, 70, 70, 70, 85)

    assert trial.gates(now=151)[0].outcome is Outcome.FAIL


def test_a_gate_does_not_pass_on_old_readings(feed) -> None:
    trial = read(feed(gates=("memory < 80%",)), 70, 70, 70, 70, 70)

    assert trial.gates(now=3600)[0].outcome is Outcome.INCONCLUSIVE


def test_a_reading_that_is_no_number_makes_the_level_invalid(feed) -> None:
    trial = read(feed("memory > 90%", gates=("memory < 80%",)), 70, float("nan"), 70, 70, 70, 70)

    guard, gate = *trial.guards(), *trial.gates(now=151)

    assert (guard.outcome, gate.outcome) == (Outcome.INVALID, Outcome.INVALID)
    assert "writer w1, sequence 2" in gate.sentence
