from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from phasegate.core.plan import Mode
from phasegate.flags.document import FlagState, document

STATES = (
    FlagState(key="all", exposure=10_000),
    FlagState(key="dark", exposure=2_500, mode=Mode.SHADOW, on_trial=True),
    FlagState(key="dead", exposure=5_000, killed=True),
    FlagState(key="nobody", exposure=0),
    FlagState(key="some", exposure=50, on_trial=True),
)


@pytest.fixture
def flags(server: Any) -> Any:
    server.on("GET", "/api/v1/flags", document("demo", 7, STATES))
    return server


def test_the_list_shows_what_each_flag_is(flags: Any, phasegate: Callable[..., Result]) -> None:
    told = json.loads(phasegate("flag", "list", "--json").stdout)["flags"]

    shown = {f["flag"]: (f["exposure"], f["mode"], f["on_trial"], f["killed"]) for f in told}
    assert shown == {
        "all": (10_000, "live", False, False),
        "dark": (2_500, "shadow", True, False),
        "dead": (0, "live", False, True),
        "nobody": (0, "live", False, False),
        "some": (50, "live", True, False),
    }


def test_people_see_shares_not_basis_points(flags: Any, phasegate: Callable[..., Result]) -> None:
    shown = phasegate("flag", "list").stdout

    assert shown.startswith("demo, version 7\n")
    assert "0.5 %" in shown


def test_the_environment_goes_along(flags: Any, phasegate: Callable[..., Result]) -> None:
    phasegate("flag", "show", "some", "--environment", "staging")

    assert flags.queries == [{"environment": ["staging"]}]


def test_an_unknown_flag_is_told_as_the_server_tells_it(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    server.refuse("GET", "/api/v1/flags/sum", 404, "unknown-flag")

    result = phasegate("flag", "show", "sum")

    assert result.exit_code == 1
    assert "[unknown-flag]" in result.stderr


SHOWN = {
    "flag": "dark",
    "served": document("demo", 7, STATES)["flags"]["dark"],
    "shadow": document("demo", 7, STATES)["flags"]["dark.shadow"],
    "dependents": ["receipts"],
    "record": {
        "owner": "ada",
        "about": "the new triage",
        "expires": "2030-03-01",
        "scheduled": [{"number": 4, "exposure": 5000, "at": "2030-01-02T09:00:00+00:00"}],
    },
}


def test_a_flag_is_shown_with_its_life(
    server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    history = [{**event(1, "flag_created", "ada"), "body": {"flag": "dark", "reason": "triage"}}]
    server.on("GET", "/api/v1/flags/dark", {**SHOWN, "history": history})

    shown = phasegate("flag", "show", "dark").stdout

    for told in ("25 %", "shadow", "ada", "the new triage", "2030-03-01", "receipts", "50 %"):
        assert told in shown
    assert "ada: flag_created – triage" in shown


def test_flags_of_another_shape_are_listed_by_their_rule(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    whole = {
        "size": {"state": "ENABLED", "variants": {"s": 1}, "defaultVariant": "s"},
        "gone": {
            "state": "DISABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": None,
            "metadata": {"archived": True},
        },
        "mail": {**document("demo", 7, STATES)["flags"]["all"], "requires": ["size"]},
    }
    server.on("GET", "/api/v1/flags", {"flags": whole, "metadata": {}})

    told = json.loads(phasegate("flag", "list", "--json").stdout)["flags"]
    shown = phasegate("flag", "list").stdout

    assert [(one["flag"], one["exposure"], one["archived"], one["requires"]) for one in told] == [
        ("size", None, False, []),
        ("gone", 0, True, []),
        ("mail", 10_000, False, ["size"]),
    ]
    assert "by rule" in shown


@pytest.mark.parametrize("broken", [{"flags": 1}, {"flags": {"a": 1}}, {"flags": {"a": {}}}, {}])
def test_an_answer_of_another_shape_is_told(
    server: Any, phasegate: Callable[..., Result], broken: Any
) -> None:
    server.on("GET", "/api/v1/flags", broken)

    result = phasegate("flag", "list")

    assert (result.exit_code, "[unexpected-answer]" in result.stderr) == (1, True)


def test_stale_flags_are_listed_with_their_reasons(
    server: Any, phasegate: Callable[..., Result]
) -> None:
    fine = {"key": "fine", "owner": "ada", "why": []}
    old = {"key": "old", "owner": "", "why": ["nobody owns it", "it has been off"]}
    server.on("GET", "/api/v1/flag-standings", {"flags": [fine, old]})

    shown = phasegate("flag", "stale", "--days", "60").stdout

    assert "nobody owns it; it has been off" in shown
    assert "fine" not in shown
    assert server.queries == [{"days": ["60"]}]


CHANGES: list[tuple[list[str], str, dict[str, Any]]] = [
    (
        ["create", "cart", "--owner", "ada", "--expires", "2030-03-01", "--requires", "payments"],
        "create",
        {"owner": "ada", "expires": "2030-03-01", "requires": ["payments"]},
    ),
    (["describe", "cart", "--about", "rework"], "describe", {"about": "rework"}),
    (["require", "cart", "a", "b"], "require", {"requires": ["a", "b"]}),
    (["require", "cart"], "require", {"requires": []}),
    (
        ["schedule", "cart", "25%", "--at", "2030-01-02T09:00+02:00"],
        "schedule",
        {"exposure": 2500, "at": "2030-01-02T09:00+02:00"},
    ),
    (["unschedule", "cart"], "unschedule", {}),
    (["unschedule", "cart", "--event", "4"], "unschedule", {"scheduled": 4}),
    (["archive", "cart"], "archive", {}),
    (["restore", "cart"], "restore", {}),
]


@pytest.mark.parametrize("asked", CHANGES, ids=lambda one: " ".join(one[0])[:40])
def test_every_change_is_sent_with_its_reason(
    asked: tuple[list[str], str, dict[str, Any]],
    server: Any,
    event: Any,
    phasegate: Callable[..., Result],
) -> None:
    arguments, change, body = asked
    path = f"/api/v1/flags/cart/{change}"
    server.on("POST", path, event(3, "flag_changed", "ada"))

    result = phasegate("flag", *arguments, "--reason", "as agreed")

    assert result.exit_code == 0, result.stderr
    assert server.bodies(path) == [{**body, "reason": "as agreed"}]


def test_a_flag_that_a_change_brought_about_is_told_to_be_new(
    server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/flags/crat/set", {**event(1, "flag_set", "ada"), "new": True})

    told = phasegate("flag", "set", "crat", "25%", "--reason", "pilot").stdout

    assert "crat is a new flag: nobody had created it, and no run exposes it\n" in told


def test_killing_a_flag_names_what_goes_along(
    server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    told = {**event(3, "flag_killed", "ada"), "dependents": ["mail", "receipts"]}
    server.on("POST", "/api/v1/flags/payments/kill", told)

    shown = phasegate("flag", "kill", "payments", "--reason", "wrong totals").stdout

    assert "off along with it, because they require it: mail, receipts" in shown


def test_an_environment_chooses_its_hashing(
    server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/flag-hashing", event(3, "flags_hashed", "ada"))

    shown = phasegate("flag", "hashing", "v3", "--reason", "a Python provider").stdout

    assert shown.startswith("flags are hashed by v3")
    assert server.bodies("/api/v1/flag-hashing") == [
        {"hashing": "v3", "reason": "a Python provider"}
    ]


SIZE = """
state: ENABLED
variants: {small: 10, large: 50}
defaultVariant: small
"""


@pytest.mark.parametrize("wrap", [False, True])
def test_a_definition_is_read_from_a_file(
    wrap: bool, server: Any, event: Any, phasegate: Callable[..., Result], tmp_path: Path
) -> None:
    file = tmp_path / "size.yaml"
    indented = SIZE.replace("\n", "\n    ")
    file.write_text(f"flags:\n  size:{indented}\n" if wrap else SIZE)
    server.on("POST", "/api/v1/flags/size/define", event(3, "flag_defined", "ada"))

    result = phasegate("flag", "define", "size", str(file), "--reason", "larger screens")

    assert result.exit_code == 0, result.stderr
    (body,) = server.bodies("/api/v1/flags/size/define")
    assert body["definition"] == {
        "state": "ENABLED",
        "variants": {"small": 10, "large": 50},
        "defaultVariant": "small",
    }


@pytest.mark.parametrize("content", ["flags: {other: {}}", "flags: [", "\x00"])
def test_a_file_without_the_flag_is_wrong_usage(
    content: str, server: Any, phasegate: Callable[..., Result], tmp_path: Path
) -> None:
    file = tmp_path / "size.yaml"
    file.write_text(content)

    result = phasegate("flag", "define", "size", str(file), "--reason", "x")

    assert (result.exit_code, "[flag-file]" in result.stderr) == (2, True)
    assert server.asked == []


def test_a_document_is_checked_without_a_server(
    alone: Callable[..., Result], tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.json"
    good.write_text(f"flags:\n  size:{SIZE.replace(chr(10), chr(10) + '    ')}")
    bad.write_text('{"flags": {"a": {"state": "on", "variants": {"x": 1}}}}')

    fine, wrong = alone("flag", "check", str(good)), alone("flag", "check", str(bad), "--json")

    assert (fine.exit_code, fine.stdout) == (0, "1 flags, 0 problems\n")
    assert wrong.exit_code == 1
    assert [one["code"] for one in json.loads(wrong.stdout)["problems"]] == ["flag-state"]
    assert alone("flag", "check", str(tmp_path / "none")).exit_code == 2
    bad.write_text("[]")
    assert "[flag-document-broken]" in alone("flag", "check", str(bad)).stderr


def test_references_are_found_where_a_key_stands_whole_and_in_quotes(
    flags: Any, phasegate: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("on = ask('some')\nask(\"all\"); ask('some_more')\n")
    (tmp_path / "web.ts").write_text("x\nask(`some`) // dark\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/lib.js").write_text("ask('dead')")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden/x.py").write_text("ask('dead')")
    (tmp_path / "picture").write_bytes(b"\xff\xfe'dead'")

    told = json.loads(phasegate("flag", "references", str(tmp_path), "--json").stdout)
    shown = phasegate("flag", "references", str(tmp_path)).stdout

    assert told["references"] == {
        "all": ["src/app.py:2"],
        "dark": [],
        "dead": [],
        "nobody": [],
        "some": ["web.ts:2", "src/app.py:1"],
    }
    assert phasegate("flag", "references", str(tmp_path / "gone")).exit_code == 2
    assert told["nowhere"] == ["dark", "dead", "nobody"]
    assert f"nowhere in {tmp_path}: dark, dead, nobody" in shown


@pytest.mark.parametrize(("share", "points"), [("25%", 2500), ("0.5 %", 50), ("0%", 0)])
def test_a_flag_is_set_to_a_share_in_basis_points(
    share: str, points: int, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    server.on("POST", "/api/v1/flags/new_cart/set", event(1, "flag_set", "ada"))

    result = phasegate("flag", "set", "new_cart", share, "--reason", "pilot")

    assert result.stdout == "new_cart: flag_set (event 1 of checkout-1)\n"
    assert server.bodies("/api/v1/flags/new_cart/set") == [{"exposure": points, "reason": "pilot"}]


@pytest.mark.parametrize("share", ["25", "0.25", "101%", "a lot", "0.001%"])
def test_what_is_no_share_is_wrong_usage(
    share: str, server: Any, phasegate: Callable[..., Result]
) -> None:
    assert phasegate("flag", "set", "new_cart", share, "--reason", "pilot").exit_code == 2
    assert server.asked == []


@pytest.mark.parametrize("change", ["kill", "revive"])
def test_a_flag_is_killed_and_revived_with_a_reason(
    change: str, server: Any, event: Any, phasegate: Callable[..., Result]
) -> None:
    path = f"/api/v1/flags/new_cart/{change}"
    server.on("POST", path, event(1, f"flag_{change}ed", "ada"))

    result = phasegate("flag", change, "new_cart", "--reason", "totals", "--environment", "demo")

    assert result.exit_code == 0
    assert server.bodies(path) == [{"reason": "totals"}]
    assert server.queries == [{"environment": ["demo"]}]
