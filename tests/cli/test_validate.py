from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

RUN = "/api/v1/runs/checkout-1"


def test_a_phase_that_has_passed_is_valid(under_way: Any, phasegate: Callable[..., Result]) -> None:
    result = phasegate("validate", "phase", "alpha")

    assert result.exit_code == 0
    assert result.stdout.endswith("1 of 1 hold\n")


def test_a_phase_under_way_is_not_valid(under_way: Any, phasegate: Callable[..., Result]) -> None:
    result = phasegate("validate", "phase", "beta")

    assert result.exit_code == 1
    assert "it has not passed" in result.stdout
    assert "1 of 1 do not hold: beta" in result.stderr


def test_a_phase_that_was_taken_back_after_it_passed_is_not_valid(
    under_way: Any, view: Any, log: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    gone = {**view()["components"][0], "state": "withdrawn", "exposure": 0}
    back = event(6, "rollback_started", components=["old_cart"])
    under_way.on("GET", RUN, view(components=[gone]))
    under_way.on("GET", f"{RUN}/events", {"events": [*log, back]})

    result = phasegate("validate", "phase", "alpha")

    assert result.exit_code == 1
    assert "taken back since: old_cart" in result.stdout


def test_a_component_that_was_waived_when_the_phase_passed_does_not_void_it(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    gone = {**view()["components"][1], "phase": "alpha", "state": "withdrawn", "exposure": 0}
    under_way.on("GET", RUN, view(components=[gone]))

    assert phasegate("validate", "phase", "alpha").exit_code == 0


def test_an_unknown_phase_is_never_valid(under_way: Any, phasegate: Callable[..., Result]) -> None:
    for command in ("phase", "prerequisites", "dependencies"):
        result = phasegate("validate", command, "gamma")

        assert result.exit_code == 1
        assert "Known: alpha, beta.  [unknown-phase]" in result.stderr


def test_prerequisites_are_all_earlier_phases(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    assert phasegate("validate", "prerequisites", "beta").exit_code == 0

    under_way.on("GET", RUN, view(passed=[]))
    assert phasegate("validate", "prerequisites", "beta").exit_code == 1


def test_before_the_first_phase_there_is_nothing_to_pass(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    result = phasegate("validate", "prerequisites", "alpha")

    assert (result.exit_code, result.stdout) == (0, "nothing comes before it\n")


def test_dependencies_need_content_guards_of_earlier_phases(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    guard = {**view()["guards"][0], "phase": "alpha"}
    for outcome, code in (("pass", 0), ("fail", 1), ("inconclusive", 1), ("invalid", 1)):
        under_way.on("GET", RUN, view(guards=[{**guard, "outcome": outcome}]))

        assert phasegate("validate", "dependencies", "beta").exit_code == code


def test_all_phases_are_those_before_the_one_under_way(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    told = json.loads(phasegate("validate", "all-phases", "--json").stdout)

    assert told["valid"] is True
    assert [line["what"] for line in told["lines"]] == ["alpha"]


def test_of_a_completed_run_every_phase_must_have_passed(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", RUN, view(status="completed", phase=None))

    result = phasegate("validate", "all-phases", "--run", "checkout-1")

    assert result.exit_code == 1
    assert "1 of 2 do not hold: beta" in result.stderr


def test_where_no_phase_has_passed_nothing_is_validated_and_that_is_no_success(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", RUN, view(phase="alpha", passed=[]))

    result = phasegate("validate", "all-phases", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["valid"] is False
    assert "[nothing-validated]" in result.stderr


@pytest.mark.parametrize(("outcome", "code"), [("pass", 0), ("fail", 1), ("inconclusive", 1)])
def test_a_run_is_stable_when_every_guard_sees_and_is_content(
    outcome: str, code: int, under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    guard = {**view()["guards"][0], "outcome": outcome}
    under_way.on("GET", RUN, view(guards=[guard]))

    assert phasegate("validate", "stability").exit_code == code


def test_a_run_without_any_guard_is_not_shown_to_be_stable(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", RUN, view(guards=[]))

    assert phasegate("validate", "stability").exit_code == 1


@pytest.mark.parametrize("changes", [{"status": "rolling back"}, {"withdrawn": True}])
def test_a_run_that_takes_something_back_is_not_stable(
    changes: dict[str, Any], under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    if changes.pop("withdrawn", False):
        changes["components"] = [{**view()["components"][0], "state": "withdrawn"}]
    under_way.on("GET", RUN, view(**changes))

    assert phasegate("validate", "stability").exit_code == 1


def test_a_step_of_a_plan_names_its_run_by_environment(
    under_way: Any, phasegate: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASEGATE_RUN", "checkout-1")

    phasegate("validate", "phase", "alpha")

    assert ("GET", "/api/v1/runs", None) not in under_way.asked
