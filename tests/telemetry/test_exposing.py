"""Flag evaluations as telemetry tells them, and which of them say to which arm somebody belongs."""

from __future__ import annotations

from phasegate.telemetry.exposing import evaluated
from phasegate.telemetry.observation import Exposure

TOLD = {
    "feature_flag.key": "new_cart",
    "feature_flag.context.id": "patient-1",
    "feature_flag.result.reason": "stale",
}


def test_who_is_given_the_old_version_because_nobody_watches_is_in_no_arm() -> None:
    assert evaluated({**TOLD, "feature_flag.result.variant": "off"}) is None


def test_who_is_given_the_new_version_is_treated_however_stale_it_is() -> None:
    found = evaluated({**TOLD, "feature_flag.result.variant": "on"})

    assert found == Exposure("new_cart", "on", "patient-1")


def test_who_is_assigned_to_the_old_version_is_in_control() -> None:
    told = {**TOLD, "feature_flag.result.reason": "split", "feature_flag.result.variant": "off"}

    assert evaluated(told) == Exposure("new_cart", "off", "patient-1")
