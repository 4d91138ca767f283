"""The life of a flag: every change is an event, and what would do harm is refused with a remedy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from phasegate.core.command import Draft, Refusal
from phasegate.core.event import START_OF_CHAIN, Event, chain
from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState
from phasegate.flags.journal import Journal, read
from phasegate.flags.life import Before, named, refused
from phasegate.flags.rendering import rendered
from phasegate.flags.stale import standings

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Log:
    """The flag log of one environment, written as the service writes it."""

    def __init__(self, *states: FlagState, busy: frozenset[str] = frozenset()) -> None:
        self.states = {state.key: state for state in states}
        self.runs = {state.key: "checkout-1" for state in states}
        self.busy = busy
        self.events: list[Event] = []
        self.now = NOON

    @property
    def journal(self) -> Journal:
        return read(self.events)

    def ask(self, kind: str, flag: str | None = "new_cart", **body: Any) -> Event | Refusal:
        content = {"reason": "as agreed", **({"flag": flag} if flag else {}), **body}
        draft = Draft(kind=kind, body=content)
        before = Before(
            journal=self.journal,
            states=self.states,
            runs=self.runs,
            busy=self.busy,
            now=self.now,
        )
        refusal = refused(before, "production", draft)
        if refusal is not None:
            return refusal
        previous = self.events[-1].hash if self.events else START_OF_CHAIN
        event = chain(
            log="flags:production",
            number=len(self.events) + 1,
            at=self.now,
            kind=kind,
            actor="Ada",
            body=named(before, draft).body,
            previous=previous,
        )
        self.events.append(event)
        return event

    def do(self, kind: str, flag: str | None = "new_cart", **body: Any) -> None:
        answer = self.ask(kind, flag, **body)
        assert isinstance(answer, Event), answer

    def code(self, kind: str, flag: str | None = "new_cart", **body: Any) -> str:
        answer = self.ask(kind, flag, **body)
        assert isinstance(answer, Refusal), answer
        assert answer.remedy
        return answer.code

    def document(self) -> dict[str, Any]:
        return rendered("production", 1, list(self.states.values()), self.journal)

    def value(self, key: str = "new_cart", subject: str = "patient-1") -> object:
        flags = compile_document(self.document())
        assert flags.problems == ()
        return flags.evaluate(key, subject, {}).value


def test_a_created_flag_is_off_and_has_an_owner_and_an_end() -> None:
    log = Log()

    log.do("flag_created", owner="Ada", about="the new cart", expires="2030-03-01")

    record = log.journal.records["new_cart"]
    assert log.value() is False
    assert (record.owner, record.about, record.expires) == (
        "Ada",
        "the new cart",
        date(2030, 3, 1),
    )
    assert (record.created, record.created_by) == (NOON, "Ada")


def test_a_flag_is_set_killed_and_revived() -> None:
    log = Log()
    log.do("flag_set", exposure=10_000)
    seen = [log.value()]
    log.do("flag_killed")
    seen.append(log.value())
    log.do("flag_revived")
    seen.append(log.value())

    assert seen == [True, False, True]


DEFINITION = {
    "state": "ENABLED",
    "variants": {"small": "s", "large": "l"},
    "defaultVariant": "small",
    "targeting": {"if": [{"==": [{"var": "targetingKey"}, "patient-1"]}, "large"]},
}


def test_a_flag_may_be_any_flagd_flag() -> None:
    log = Log()
    log.do("flag_created", definition=DEFINITION)
    seen = [log.value(), log.value(subject="patient-2")]
    log.do("flag_killed")
    seen.append(log.value())

    assert seen == ["l", "s", "s"]
    assert log.document()["flags"]["new_cart"]["metadata"] == {"killed": True}
    assert log.code("flag_set", exposure=100) == "flag-defined"


def test_a_definition_that_is_no_flag_is_refused_with_every_problem() -> None:
    answer = Log().ask("flag_created", definition={"state": "on", "variants": {}})

    assert isinstance(answer, Refusal)
    assert answer.code == "flag-definition"
    assert "flags.new_cart.state" in answer.message
    assert "flags.new_cart.variants" in answer.message


def test_what_flagd_would_bear_in_silence_is_refused_where_it_can_still_be_mended() -> None:
    odd = {**DEFINITION, "targeting": {"fractional": [["small", 2.5]]}}

    assert Log().code("flag_created", definition=odd) == "flag-definition"


def test_an_archived_flag_leaves_the_value_to_who_still_asks() -> None:
    log = Log()
    log.do("flag_set", exposure=10_000)
    log.do("flag_archived")

    outcome = compile_document(log.document()).evaluate("new_cart", "patient-1", {})

    assert (outcome.value, outcome.reason.value) == (None, "DISABLED")
    assert log.code("flag_set", exposure=1) == "flag-archived"
    log.do("flag_restored")
    assert log.value() is True


def test_a_flag_that_still_decides_cannot_be_archived() -> None:
    log = Log(
        FlagState(key="search", exposure=2500),
        FlagState(key="done", exposure=10_000),
        FlagState(key="busy", exposure=10_000, on_trial=True),
        busy=frozenset({"busy"}),
    )
    log.do("flag_set", exposure=5000)

    assert log.code("flag_archived") == "flag-partly-on"
    assert log.code("flag_archived", "search") == "flag-partly-on"
    assert log.code("flag_archived", "busy") == "flag-under-run"
    log.do("flag_archived", "done")


def test_a_killed_prerequisite_takes_its_dependents_along() -> None:
    log = Log(FlagState(key="payments", exposure=10_000))
    log.do("flag_created", "receipts")
    log.do("flag_set", "receipts", exposure=10_000)
    log.do("flag_required", "receipts", requires=["payments"])
    seen = [log.value("receipts")]
    log.do("flag_killed", "payments")
    seen.append(log.value("receipts"))

    assert seen == [True, False]
    assert log.code("flag_archived", "payments") == "flag-required"


def test_what_a_flag_requires_must_be_there_and_lead_nowhere_back() -> None:
    log = Log(FlagState(key="a", exposure=0), FlagState(key="b", exposure=0))
    log.do("flag_required", "b", requires=["a"])

    assert log.code("flag_required", "a", requires=["b"]) == "prerequisite-cycle"
    assert log.code("flag_required", "a", requires=["a"]) == "prerequisite-cycle"
    assert log.code("flag_required", "a", requires=["gone"]) == "unknown-prerequisite"
    assert log.code("flag_required", "a", requires="b") == "flag-requires"
    log.do("flag_required", "b", requires=[])
    log.do("flag_required", "a", requires=["b"])


def test_a_schedule_waits_for_its_time_and_is_taken_off() -> None:
    log = Log()
    log.do("flag_created")
    log.do("flag_scheduled", exposure=2500, at="2030-01-02T09:00+02:00")
    log.do("flag_scheduled", exposure=10_000, at="2030-01-03T09:00+00:00")
    planned = log.journal.records["new_cart"].scheduled

    log.do("flag_set", exposure=2500, scheduled=planned[0].number)

    assert [one.at for one in planned] == [
        datetime(2030, 1, 2, 7, tzinfo=UTC),
        datetime(2030, 1, 3, 9, tzinfo=UTC),
    ]
    assert log.journal.records["new_cart"].scheduled == planned[1:]
    assert log.code("flag_unscheduled", scheduled=99) == "nothing-scheduled"
    log.do("flag_unscheduled")
    assert log.journal.records["new_cart"].scheduled == ()
    assert log.code("flag_unscheduled") == "nothing-scheduled"


@pytest.mark.parametrize("at", ["2029-12-31T12:00+00:00", "2030-01-02T09:00", "soon", None])
def test_a_schedule_has_a_time_to_come_with_its_offset(at: object) -> None:
    assert Log().code("flag_scheduled", exposure=1, at=at) == "schedule-time"


def test_only_what_was_killed_is_revived() -> None:
    log = Log()
    log.do("flag_created")

    assert log.code("flag_revived") == "flag-not-killed"


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("flag_set", "new_cart", {"exposure": 100, "reason": " "}, "reason-missing"),
    ("flag_set", "new_cart", {"exposure": 10_001}, "exposure-range"),
    ("flag_set", "new_cart", {}, "exposure-range"),
    ("flag_set", "search", {"exposure": 1}, "flag-under-run"),
    ("flag_defined", "search", {"definition": DEFINITION}, "flag-under-run"),
    ("flag_created", "search", {}, "flag-exists"),
    ("flag_created", "new cart", {}, "flag-key"),
    ("flag_created", "cart.shadow", {}, "flag-key"),
    ("flag_set", "new cart", {"exposure": 100}, "flag-key"),
    ("flag_set", "k" * 201, {"exposure": 100}, "flag-key"),
    ("flag_scheduled", "kärtchen", {"exposure": 1, "at": "2030-01-02T09:00+00:00"}, "flag-key"),
    ("flag_created", "new_cart", {"expires": "soon"}, "expiry-date"),
    ("flag_killed", "new_cart", {}, "unknown-flag"),
    ("flag_described", "new_cart", {"owner": "Ben"}, "unknown-flag"),
    ("flag_described", "search", {}, "nothing-said"),
    ("flag_restored", "search", {}, "flag-not-archived"),
]


@pytest.mark.parametrize(("kind", "flag", "body", "code"), REFUSED)
def test_what_may_not_be_done_is_refused(
    kind: str, flag: str, body: dict[str, Any], code: str
) -> None:
    log = Log(FlagState(key="search", exposure=2500, on_trial=True))

    assert log.code(kind, flag, **body) == code
    assert log.events == []


def test_hashing_changes_only_while_it_moves_nobody() -> None:
    log = Log()
    log.do("flag_set", exposure=5000)

    assert log.code("flags_hashed", None, hashing="v1") == "unknown-hashing"
    assert log.code("flags_hashed", None, hashing="v3") == "hashing-would-move"
    log.do("flag_set", exposure=10_000)
    log.do("flags_hashed", None, hashing="v3")
    assert log.document()["metadata"]["hashing"] == "v3"


def test_a_run_goes_before_what_a_person_has_set_and_before_a_definition() -> None:
    log = Log()
    log.do("flag_created", definition=DEFINITION)

    log.states["new_cart"] = FlagState(key="new_cart", exposure=10_000)

    assert log.value() is True


def test_once_its_run_has_ended_a_flag_is_what_people_set() -> None:
    log = Log(FlagState(key="new_cart", exposure=10_000))

    log.do("flag_set", exposure=0)

    assert log.value() is False
    log.do("flag_set", exposure=10_000)
    assert log.value() is True
    log.do("flag_defined", definition=DEFINITION)
    assert log.value() == "l"


def test_what_was_set_before_a_run_does_not_come_back_after_it() -> None:
    log = Log()
    log.do("flag_set", exposure=10_000)
    log.states["new_cart"] = FlagState(key="new_cart", exposure=0)

    assert log.value() is False


def test_a_run_that_goes_on_is_stronger_than_a_setting_that_came_in_between() -> None:
    log = Log(FlagState(key="new_cart", exposure=0))
    log.do("flag_set", exposure=10_000)
    log.states["new_cart"] = FlagState(key="new_cart", exposure=0, on_trial=True)
    held_back = log.value()
    log.busy = frozenset({"new_cart"})

    assert held_back is False
    assert log.code("flag_set", exposure=5000) == "flag-under-run"


def test_a_component_that_a_run_has_withdrawn_is_still_the_runs() -> None:
    log = Log(FlagState(key="new_cart", exposure=0), busy=frozenset({"new_cart"}))

    assert log.code("flag_set", exposure=10_000) == "flag-under-run"


def test_stale_flags_are_told_with_their_reasons() -> None:
    log = Log(FlagState(key="search", exposure=10_000))
    log.do("flag_created", "fresh", owner="Ada")
    log.do("flag_created", "expired", owner="Ada", expires="2030-01-15")
    log.do("flag_set", "half", exposure=5000)
    log.do("flag_created", "dead", owner="Ada")
    log.do("flag_killed", "dead")
    log.do("flag_created", "gone", owner="Ada")
    log.do("flag_archived", "gone")
    later = NOON + timedelta(days=40)
    log.now = later - timedelta(days=1)
    log.do("flag_described", "fresh", owner="Ben")

    found = standings(log.journal, log.states, {"search": NOON}, later, days=30)

    assert {one.key: one.why for one in found} == {
        "fresh": (),
        "expired": ("it was to be gone by 2030-01-15", "it has been off for everyone for 40 days"),
        "half": ("nobody owns it",),
        "dead": ("it has been killed for 40 days",),
        "search": ("nobody owns it", "it has been on for everyone for 40 days"),
    }


def test_an_unknown_event_is_an_error() -> None:
    log = Log()
    log.do("flag_created")
    strange = chain(
        log="flags:production",
        number=1,
        at=NOON,
        kind="flag_painted",
        actor="Ada",
        body={"flag": "new_cart"},
        previous=START_OF_CHAIN,
    )

    with pytest.raises(ValueError, match="flag_painted"):
        read([strange])
