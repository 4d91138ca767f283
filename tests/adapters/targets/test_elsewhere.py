"""What other servers' reports say of a version, before a rollback may be called confirmed."""

from __future__ import annotations

from dataclasses import replace

from phasegate.adapters.targets.elsewhere import SILENT_MS, unconfirmed
from phasegate.ports import Reach, Report

REPORT = Report(
    server="two",
    silent_ms=400,
    reach=Reach(
        environment="production", version=7, streams={"kiosk": 7}, lost={}, leased_ms=60_000
    ),
)


def told(*reports: Report, here: tuple[str, ...] = ()) -> list[str]:
    return list(unconfirmed(reports, 7, here))


def with_(report: Report, *, silent_ms: int | None = None, **changes: object) -> Report:
    silent = report.silent_ms if silent_ms is None else silent_ms
    return replace(report, silent_ms=silent, reach=replace(report.reach, **changes))


def test_a_server_whose_applications_have_all_confirmed_has_nothing_to_say() -> None:
    assert told(REPORT) == []


def test_a_server_that_does_not_serve_it_yet_is_named() -> None:
    assert told(with_(REPORT, version=6)) == ["server two does not serve it yet"]


def test_an_application_that_lags_on_another_server_is_named() -> None:
    found = told(with_(REPORT, streams={"kiosk": 6}))

    assert found == ["application kiosk has not confirmed"]


def test_an_application_lost_there_counts_until_its_lease_ends() -> None:
    lost = with_(REPORT, streams={}, lost={"kiosk": 6})

    assert told(lost) == ["application kiosk was lost and may still serve"]
    assert told(with_(lost, leased_ms=0)) == []
    assert told(with_(lost, leased_ms=None)) != []


def test_an_application_that_came_back_elsewhere_is_lost_no_more() -> None:
    lost = with_(REPORT, streams={}, lost={"kiosk": 6})
    other = replace(with_(REPORT, streams={"kiosk": 7}), server="three")

    assert told(lost, other) == []
    assert told(lost, here=("kiosk",)) == []


def test_a_silent_servers_applications_may_still_serve_what_they_had() -> None:
    silent = with_(REPORT, silent_ms=SILENT_MS, streams={"kiosk": 6, "desk": 7})

    assert told(silent) == ["application kiosk was lost and may still serve"]
    assert told(with_(silent, leased_ms=0)) == []


def test_what_a_silent_server_served_itself_does_not_matter_any_more() -> None:
    assert told(with_(REPORT, silent_ms=SILENT_MS, version=3)) == []
