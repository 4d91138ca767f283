from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result


def test_why_tells_every_judgement_and_the_decision(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    shown = phasegate("run", "why").stdout

    sentence = "new_cart: error rate 3.1 % where at most 5 % is allowed"
    assert "decision: hold (soaking)\n  30 s of watching are left\n" in shown
    assert f"Guards: trip and take back\n  pass         error_rate > 5%: {sentence}\n" in shown
    assert f"Gates: must be shown\n  inconclusive error_rate < 2%: {sentence}\n" in shown
    assert "run clinic validate staging" in shown
    assert "exit code 1: no database\n               Run it by hand." in shown


def test_why_tells_past_rollbacks_with_reasons_and_time_to_safe(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    assert (
        "Rollbacks\n"
        "  #3 new_cart of alpha by engine (guard_tripped), safe after 840 ms\n"
        "      new_cart: error rate 8 % where at most 5 % is allowed\n"
    ) in phasegate("run", "why").stdout


def test_a_rollback_without_confirmation_is_never_called_safe(
    under_way: Any, log: Any, phasegate: Callable[..., Result]
) -> None:
    under_way.on("GET", "/api/v1/runs/checkout-1/events", {"events": log[:3]})

    shown = phasegate("run", "why").stdout

    assert "#3 new_cart of alpha by engine (guard_tripped), not confirmed yet" in shown
    assert "safe" not in shown


def test_what_is_closed_is_named_as_a_waiver_must_name_it(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    closed = {"new_cart: error_rate < 2%": "it was 3 %"}
    under_way.on("GET", "/api/v1/runs/checkout-1", view(closed=closed))

    assert "  new_cart: error_rate < 2%: it was 3 %\n" in phasegate("run", "why").stdout


def test_why_in_json_adds_the_rollbacks_of_the_log(
    under_way: Any, phasegate: Callable[..., Result]
) -> None:
    told = json.loads(phasegate("run", "why", "--json").stdout)

    assert told["decision"]["rule"] == "soaking"
    assert [(back["number"], back["time_to_safe_ms"]) for back in told["rollbacks"]] == [(3, 840)]


def test_why_tells_what_each_guard_was_given_of_the_error_budget(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    trial = {"phase": "beta", "attempt": 1, "condition": "error_rate > 5%", "alpha": 0.002}
    guards = [{**trial, "component": name} for name in ("new_cart", "old_cart")]
    budget = {"total": 0.05, "spent": 0.004, "left": 0.046, "guards": guards}
    under_way.on("GET", "/api/v1/runs/checkout-1", view(budget=budget))

    shown = phasegate("run", "why").stdout

    assert "error budget 5 %: 0.4 % given to 2 guard(s), 4.6 % left" in shown
    assert (
        "Error budget: chance of a wrong rollback\n  0.4 %        beta: error_rate > 5%\n" in shown
    )


def test_tries_of_a_step_that_went_alike_are_one_line(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    failed = view()["findings"][0]
    tries = [
        {**failed, "outcome": "invalid", "seen": "no answer", "remedy": "", "at": at}
        for at in ("2030-01-01T12:00:05+00:00", "2030-01-01T12:00:10+00:00")
    ]
    under_way.on("GET", "/api/v1/runs/checkout-1", view(findings=[*tries, failed]))

    shown = phasegate("run", "why").stdout

    step = "run clinic validate staging"
    assert (
        f"Steps\n  fail         {step}, 12:00:00: exit code 1: no database\n"
        "               Run it by hand.\n"
        f"  invalid      {step}, 12:00:10 (2 times since 12:00:05): no answer\n"
    ) in shown


def test_a_condition_is_said_once(
    under_way: Any, view: Any, phasegate: Callable[..., Result]
) -> None:
    gate = {**view()["gates"][0], "sentence": "'error_rate < 2%': no component is exposed"}
    under_way.on("GET", "/api/v1/runs/checkout-1", view(gates=[gate]))

    assert "error_rate < 2%: no component is exposed\n" in phasegate("run", "why").stdout
