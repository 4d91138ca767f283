"""What people may do to a flag: a change becomes an event, or a refusal that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from phasegate.core.command import Draft, Refusal
from phasegate.core.plan import EVERYONE
from phasegate.core.run import Run
from phasegate.flags.bucketing import Hashing
from phasegate.flags.compile import compile_document
from phasegate.flags.document import SHADOW, FlagState
from phasegate.flags.journal import Journal
from phasegate.flags.prerequisites import a_cycle
from phasegate.flags.record import Record

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Before:
    """An environment's flags as they are before a change.

    states  what runs want, by key.
    runs    the run that had each flag last.
    busy    flags of runs that go on.
    """

    journal: Journal
    states: Mapping[str, FlagState]
    runs: Mapping[str, str]
    busy: frozenset[str]
    now: datetime

    @property
    def known(self) -> frozenset[str]:
        """Keys of all flags that are served, archived ones included."""
        return frozenset(self.states) | frozenset(self.journal.records)

    def record(self, key: str) -> Record | None:
        """Return what people did to a flag."""
        return self.journal.records.get(key)

    def is_archived(self, key: str) -> bool:
        """Say whether a flag is archived."""
        record = self.record(key)
        return record is not None and record.archived


def before_change(
    journal: Journal, states: Iterable[FlagState], runs: Iterable[Run], now: datetime
) -> Before:
    """Sum up an environment before a change. runs: all of that environment, oldest first."""
    had = [(trial.flag, run) for run in runs for trial in run.trials.values()]
    return Before(
        journal=journal,
        states={state.key: state for state in states},
        runs={flag: run.id for flag, run in had},
        busy=frozenset(flag for flag, run in had if run.ended is None),
        now=now,
    )


def named(before: Before, draft: Draft) -> Draft:
    """Have a change name the run after which it sets a flag, so that it holds until the next."""
    over = before.runs.get(str(draft.body.get("flag")))
    if over is None or draft.kind not in ("flag_set", "flag_defined"):
        return draft
    return replace(draft, body={**draft.body, "over": over})


def refused(before: Before, environment: str, draft: Draft) -> Refusal | None:
    """Say why a change may not be made; None: it may."""
    if not str(draft.body.get("reason", "")).strip():
        return _refusal("reason-missing", "a change of a flag needs a reason", "Say why: --reason.")
    if draft.kind == "flags_hashed":
        return _hashed(before, draft)
    key = str(draft.body["flag"])
    if draft.kind in _OF_KNOWN and key not in before.known:
        known = ", ".join(sorted(before.known)) or "none"
        return _refusal("unknown-flag", f"{environment} has no flag {key}", f"Known: {known}.")
    if draft.kind not in _OF_ARCHIVED and before.is_archived(key):
        remedy = f"Restore it first: phasegate flag restore {key} --reason TEXT."
        return _refusal("flag-archived", f"{key} is archived", remedy)
    unkeyed = None if key in before.known else _keyed(key)
    return unkeyed or _RULES[draft.kind](before, key, draft)


def _keyed(key: str) -> Refusal | None:
    if _KEY.fullmatch(key) and not key.endswith(SHADOW):
        return None
    remedy = f"A key has at most 200 letters, digits, _ . and -, and does not end in {SHADOW}."
    return _refusal("flag-key", f"{key[:80]!r} is no key of a flag", remedy)


def _created(before: Before, key: str, draft: Draft) -> Refusal | None:
    if key in before.known:
        state = "archived" if before.is_archived(key) else "there already"
        remedy = "Set or define it, restore it, or take another key."
        return _refusal("flag-exists", f"{key} is {state}", remedy)
    return (
        _definition(key, draft, optional=True)
        or _expiry(draft)
        or _requires(before, key, draft, optional=True)
    )


def _defined(before: Before, key: str, draft: Draft) -> Refusal | None:
    return _under_run(before, key) or _definition(key, draft, optional=False)


def _described(_: Before, key: str, draft: Draft) -> Refusal | None:
    if not {"owner", "about", "expires"} & draft.body.keys():
        remedy = "Give --owner, --about or --expires."
        return _refusal("nothing-said", f"nothing is said of {key}", remedy)
    return _expiry(draft)


def _required(before: Before, key: str, draft: Draft) -> Refusal | None:
    return _requires(before, key, draft, optional=False)


def _set(before: Before, key: str, draft: Draft) -> Refusal | None:
    return _under_run(before, key) or _has_definition(before, key) or _share(draft)


def _scheduled(before: Before, key: str, draft: Draft) -> Refusal | None:
    try:
        at = datetime.fromisoformat(str(draft.body.get("at", "")))
        future = at.tzinfo is not None and at.astimezone(UTC) > before.now
    except ValueError:
        future = False
    if not future:
        text = f"{draft.body.get('at')!r} is no time to come"
        return _refusal("schedule-time", text, "Give a time like 2030-01-02T09:00+02:00.")
    return _set(before, key, draft)


def _unscheduled(before: Before, key: str, draft: Draft) -> Refusal | None:
    record, number = before.record(key), draft.body.get("scheduled")
    planned = [one.number for one in record.scheduled] if record else []
    if planned and (number is None or number in planned):
        return None
    what = "nothing is scheduled" if number is None else f"event {number} scheduled nothing to come"
    remedy = f"See what is: phasegate flag show {key}."
    return _refusal("nothing-scheduled", f"{what} for {key}", remedy)


def _revived(before: Before, key: str, _: Draft) -> Refusal | None:
    record = before.record(key)
    if record is not None and record.killed:
        return None
    return _refusal("flag-not-killed", f"{key} is not killed", "Nothing is to be done.")


def _archived(before: Before, key: str, _: Draft) -> Refusal | None:
    needing = sorted(name for name, wanted in before.journal.requires.items() if key in wanted)
    if needing:
        text = f"{key} is required by {', '.join(needing)}"
        return _refusal("flag-required", text, "Take it out there first: phasegate flag require.")
    if key in before.busy:
        return _under_run(before, key)
    exposure = _exposure(before, key)
    if 0 < exposure < EVERYONE:
        text = f"{key} is on for some and off for others"
        remedy = "Set it to 0% or 100%, so that nobody's answer depends on it any more."
        return _refusal("flag-partly-on", text, remedy)
    return None


def _restored(before: Before, key: str, _: Draft) -> Refusal | None:
    if before.is_archived(key):
        return None
    return _refusal("flag-not-archived", f"{key} is not archived", "Nothing is to be done.")


def _hashed(before: Before, draft: Draft) -> Refusal | None:
    known = [version.value for version in Hashing]
    if draft.body.get("hashing") not in known:
        text = f"{draft.body.get('hashing')!r} is no hashing"
        return _refusal("unknown-hashing", text, f"Known: {', '.join(known)}.")
    shown = before.journal.overlay(before.states.values())
    partly = [state.key for state in shown if 0 < state.exposure < EVERYONE]
    if partly:
        text = f"another hashing would move patients between arms of {', '.join(partly)}"
        remedy = "Set them to 0% or 100%, or wait for their runs to end."
        return _refusal("hashing-would-move", text, remedy)
    return None


def _exposure(before: Before, key: str) -> int:
    shown = before.journal.overlay(before.states.values())
    return next((state.exposure for state in shown if state.key == key), 0)


def _under_run(before: Before, key: str) -> Refusal | None:
    state = before.states.get(key)
    if key not in before.busy and not (state and state.on_trial):
        return None
    remedy = f"Kill it (phasegate flag kill {key}) or roll the run back."
    return _refusal("flag-under-run", f"the exposure of {key} belongs to a run", remedy)


def _has_definition(before: Before, key: str) -> Refusal | None:
    record = before.record(key)
    if record is None or record.definition is None:
        return None
    remedy = f"Define it anew: phasegate flag define {key} FILE."
    return _refusal("flag-defined", f"{key} has a rule of its own and no exposure", remedy)


def _share(draft: Draft) -> Refusal | None:
    exposure = draft.body.get("exposure")
    if isinstance(exposure, int) and 0 <= exposure <= EVERYONE:
        return None
    text = f"{exposure} basis points are no share of the audience"
    return _refusal("exposure-range", text, "Give a share like 25% or 0.5%.")


def _expiry(draft: Draft) -> Refusal | None:
    until = draft.body.get("expires")
    try:
        if until:
            date.fromisoformat(str(until))
    except ValueError:
        return _refusal("expiry-date", f"{until!r} is no day", "Give a day like 2030-03-01.")
    return None


def _definition(key: str, draft: Draft, *, optional: bool) -> Refusal | None:
    definition = draft.body.get("definition")
    if definition is None and optional:
        return None
    flags = compile_document({"flags": {key: definition}})
    own = [one for one in flags.problems if one.code not in _OF_OTHERS]
    if not own:
        return None
    said = "; ".join(f"{one.path}: {one.text} [{one.code}]" for one in own)
    return _refusal("flag-definition", said, "See docs/reference/flags.md for what a flag is.")


def _requires(before: Before, key: str, draft: Draft, *, optional: bool) -> Refusal | None:
    wanted = draft.body.get("requires")
    if wanted is None and optional:
        return None
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        return _refusal("flag-requires", f"{key} requires a list of flags", "Name their keys.")
    names = [str(name) for name in wanted]
    missing = [name for name in names if name not in before.known or before.is_archived(name)]
    if missing:
        text = f"{key} cannot require {', '.join(missing)}: no such flag is served"
        return _refusal("unknown-prerequisite", text, "Create it first, or leave it out.")
    cycle = a_cycle({**before.journal.requires, key: tuple(names)})
    if cycle:
        text = f"these would require each other: {' → '.join(cycle)}"
        return _refusal("prerequisite-cycle", text, "Leave one of them out.")
    return None


def _free(*_: object) -> None:
    return None


_RULES: Mapping[str, Callable[[Before, str, Draft], Refusal | None]] = {
    "flag_created": _created,
    "flag_defined": _defined,
    "flag_described": _described,
    "flag_required": _required,
    "flag_set": _set,
    "flag_scheduled": _scheduled,
    "flag_unscheduled": _unscheduled,
    "flag_killed": _free,
    "flag_revived": _revived,
    "flag_archived": _archived,
    "flag_restored": _restored,
}

_OF_KNOWN = frozenset(_RULES) - {"flag_created", "flag_set", "flag_scheduled"}
"""Changes of a flag that must be there; setting one brings it about."""

_OF_ARCHIVED = frozenset({"flag_created", "flag_restored"})
"""Changes that look themselves whether the flag is archived."""

_OF_OTHERS = frozenset({"unknown-prerequisite"})
"""Problems of a definition that the flags around it cause."""


def _refusal(code: str, message: str, remedy: str) -> Refusal:
    return Refusal(code=code, message=message, remedy=remedy)
