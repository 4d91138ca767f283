"""What other engines are given says, to them, what our own engine says under lease."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from phasegate.client.lease import Lease, LeasedFlags
from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.foreign import Watched, foreign_document

FAR = 4_102_444_800
PAST = 1


def flag(default: str = "off", **changed: Any) -> dict[str, Any]:
    variants = {"on": True, "off": False}
    return {"state": "ENABLED", "variants": variants, "defaultVariant": default, **changed}


def share(on: int, of: int = 100) -> dict[str, Any]:
    return {"fractional": [["on", on], ["off", of - on]]}


def known_nowhere_else(document: dict[str, Any]) -> FlagSet:
    """Compile a document as an engine does that knows neither leases nor prerequisites."""
    flags = {
        key: {name: part for name, part in one.items() if name != "requires"}
        for key, one in document["flags"].items()
    }
    return compile_document({**document, "flags": flags})


def leased(document: dict[str, Any], watched: Watched) -> LeasedFlags:
    lease = Lease()
    if watched.until is None or watched.until == FAR:
        lease.renew(None)
    return LeasedFlags(compile_document(document), lease)


TRIAL = {"onTrial": True}


def test_what_is_on_trial_ends_at_the_time_that_its_rule_names() -> None:
    document = {"flags": {"new_cart": flag("on", metadata=TRIAL)}}

    during = known_nowhere_else(foreign_document(document, Watched(until=FAR)))
    after = known_nowhere_else(foreign_document(document, Watched(until=PAST)))

    assert during.evaluate("new_cart", None, {}).value is True
    assert after.evaluate("new_cart", None, {}).value is False


def test_what_nobody_watches_is_off_and_says_why() -> None:
    document = {"flags": {"new_cart": flag("on", metadata=TRIAL, targeting=share(50))}}

    written = foreign_document(document, Watched(until=0))["flags"]["new_cart"]

    assert written["defaultVariant"] == "off"
    assert "targeting" not in written
    assert written["metadata"] == {"onTrial": True, "lease": "expired"}


def test_what_is_watched_for_ever_and_requires_nothing_is_left_as_it_is() -> None:
    document = {"flags": {"new_cart": flag(metadata=TRIAL, targeting=share(50)), "plain": flag()}}

    assert foreign_document(document, Watched(until=None)) == document


def test_a_flag_under_a_killed_prerequisite_is_off_and_says_why() -> None:
    document = {"flags": {"payments": flag(), "receipts": flag("on", requires=["payments"])}}

    written = foreign_document(document, Watched(until=None))["flags"]["receipts"]

    assert written["defaultVariant"] == "off"
    assert written["metadata"] == {"prerequisiteOff": "payments"}


def test_what_cannot_be_written_for_other_engines_is_safe_there() -> None:
    # v3 hashes flag key and subject as a list, which no rule can put together.
    flags = {
        "payments": flag(targeting=share(99)),
        "receipts": flag("on", requires=["payments"]),
    }
    document = {"flags": flags, "metadata": {"hashing": "v3"}}

    written = known_nowhere_else(foreign_document(document, Watched(until=None)))

    assert written.evaluate("receipts", "patient-1", {}).value is False


rules = st.sampled_from(
    [
        None,
        share(30),
        share(100),
        share(0, 1),
        {"if": [{"==": [{"var": "country"}, "MY"]}, share(60)]},
        {"if": [{"==": [{"var": "$flagd.flagKey"}, "a"]}, "on", "off"]},
        {"==": [{"var": "country"}, "MY"]},
        {"fractional": [{"var": "country"}, ["on", 1], ["off", 1]]},
        {"$ref": "half"},
        {"$ref": "missing"},
        {"if": [{"in": [share(50), ["on"]]}, "on"]},
    ]
)
defaults = st.sampled_from(["on", "off", None])
KEYS = ["a", "b", "c", "d"]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    flags = {}
    for index, key in enumerate(KEYS):
        requires = draw(st.lists(st.sampled_from([*KEYS[:index], "x"]), max_size=2, unique=True))
        variants = draw(
            st.sampled_from([{"on": True, "off": False}, {"on": True, "true": True, "off": False}])
        )
        flags[key] = {
            **flag(targeting=draw(rules), defaultVariant=draw(defaults)),
            "variants": variants,
            "state": draw(st.sampled_from(["ENABLED", "ENABLED", "ENABLED", "DISABLED"])),
            "metadata": draw(st.sampled_from([{}, TRIAL])),
            **({"requires": requires} if requires else {}),
        }
    return {"flags": flags, "$evaluators": {"half": share(50)}}


@given(
    document=documents(),
    watched=st.sampled_from([Watched(until=None), Watched(until=FAR), Watched(until=0)]),
    subject=st.sampled_from([None, "", "patient-1", "patient-2", "patient-3", "patient-4"]),
    attributes=st.sampled_from([{}, {"country": "MY"}, {"country": "SG"}]),
)
def test_other_engines_come_to_the_same_value(
    document: dict[str, Any], watched: Watched, subject: str | None, attributes: dict[str, Any]
) -> None:
    ours = leased(document, watched)
    theirs = known_nowhere_else(foreign_document(document, watched))

    for key in KEYS:
        own = ours.evaluate(key, subject, attributes)
        other = theirs.evaluate(key, subject, attributes)
        assert (own.value is True) == (other.value is True), key


def test_what_other_engines_would_refuse_all_flags_for_is_left_out() -> None:
    document = {
        "flags": {
            "broken": {"state": "ENABLED"},
            "text": "no flag",
            "good": flag(requires=[], source="file.json"),
        }
    }

    assert foreign_document(document, Watched(until=None)) == {"flags": {"good": flag()}}
