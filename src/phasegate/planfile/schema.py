"""JSON Schema of plan files, for editors; the reader itself checks more and explains better."""

from __future__ import annotations

from collections.abc import Mapping

from phasegate.core.across import CHOICES
from phasegate.core.plan import OnOutage, Risk
from phasegate.planfile import keys
from phasegate.planfile.values import NAME, NUMBER, WINDOW

Schema = dict[str, object]

PERCENT = rf"{NUMBER}\s*%"
DURATION = rf"(?:{NUMBER}\s*(?:ms|s|m|min|h|d)\s*)+"
EXPOSURES = rf"{PERCENT}(?:\s+then\s+{PERCENT})*"


def schema() -> Schema:
    """Return the JSON Schema, draft 2020-12, of the YAML form."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "phasegate plan",
        "description": "What is exposed in which phase, what must be shown, what takes it back.",
        **_table(
            keys.PLAN,
            {
                "plan": _name(),
                "environment": _name(),
                "traffic": _text(rf"{NUMBER}\s*/\s*(?:s|m|min|h)", "200/min"),
                "error_budget": _text(PERCENT, "5%"),
                "confidence": _text(PERCENT, "95%"),
                "unattended": _text(rf"keep|withdraw after {DURATION}", "withdraw after 15m"),
                "blind_for": _text(DURATION, "5m"),
                "block": _text(DURATION, "30s"),
                "window": _text(WINDOW, "mon-fri 08:00-16:00 +08:00"),
                "endpoints": _named({"type": "string"}),
                "hazards": _named(_hazard()),
                "checks": _named(_check()),
                "cases": _named(_table(keys.CASES, {}, required=("file", "url"))),
                "metrics": _named(_metric()),
                "phases": _named(_phase()),
            },
            required=("plan", "environment", "author", "metrics", "phases"),
        ),
    }


def _hazard() -> Schema:
    forms = {"guarded_by": {"type": "array", "items": _name(), "minItems": 1}}
    return _table(keys.HAZARD, forms, required=("text", "guarded_by"))


def _check() -> Schema:
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(keys.CHECK_KINDS)}},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }


def _metric() -> Schema:
    forms: dict[str, Schema] = {
        "kind": {"enum": list(keys.KINDS)},
        "source": {"enum": list(keys.SOURCES)},
        "endpoint": _name(),
        "counts": {"enum": list(keys.COUNTS)},
        "cases": _name(),
        "at": _text(PERCENT, "95%"),
        "cuts": {"type": "string", "minLength": 1, "examples": ["300ms, 1s, 3s"]},
        "scale": _text(rf"-?{NUMBER}\s+to\s+-?{NUMBER}", "1 to 5"),
        "better": {"enum": list(keys.SIDES)},
        "lag": _text(DURATION, "1h"),
        "hold": _text(DURATION, "2m"),
        "across": {"enum": list(CHOICES)},
        "weight": {"type": "number", "exclusiveMinimum": 0},
    }
    return _table(keys.METRIC, forms, required=("kind",))


def _phase() -> Schema:
    condition = {"type": "string", "examples": ["error_rate < 2%", "no safety_critical"]}
    roles = "|".join(keys.SIGNING_ROLES)
    forms: dict[str, Schema] = {
        "week": {"type": "integer", "minimum": 1},
        "risk": {"enum": [risk.value for risk in Risk]},
        "lasts": _text(rf"{DURATION}\s+to\s+{DURATION}", "2h to 24h"),
        "before": {"type": "array", "items": _step()},
        "after": {"type": "array", "items": _step()},
        "components": _named(_component()),
        "pass_when": {"type": "array", "items": condition},
        "roll_back_when": {"type": "array", "items": condition},
        "sign_off": {"type": "array", "items": _text(rf"(?:[1-9]\d*\s+)?(?:{roles})", "approver")},
        "if_control_fails_too": {"enum": [choice.value for choice in OnOutage]},
    }
    required = ("lasts", "components", "pass_when", "roll_back_when")
    return _table(keys.PHASE, forms, required=required)


def _component() -> Schema:
    shares = _text(EXPOSURES, "5% then 15%")
    table = _table(keys.COMPONENT, {"exposure": shares, "shadow": shares, "then": shares})
    choice = {
        "oneOf": [{"required": ["exposure"]}, {"required": ["shadow"]}],
        "dependentRequired": {"then": ["shadow"]},
    }
    return {"oneOf": [shares, {**table, **choice}]}


def _step() -> Schema:
    evaluate = _table(
        keys.EVALUATE, {"cases": _name(), "metric": _name()}, required=("cases", "metric")
    )
    table = _table(
        keys.STEP, {"check": _name(), "evaluate": evaluate, "timeout": _text(DURATION, "10m")}
    )
    return {**table, "oneOf": [{"required": [kind]} for kind in ("run", "check", "evaluate")]}


def _table(
    known: Mapping[str, str], forms: Mapping[str, Schema], required: tuple[str, ...] = ()
) -> Schema:
    """Describe a table with these keys and no others; a key without a form is text."""
    properties = {
        key: {"description": sentence, **forms.get(key, {"type": "string", "minLength": 1})}
        for key, sentence in known.items()
    }
    table: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": list(required)} if required else table


def _named(item: Schema) -> Schema:
    return {"type": "object", "propertyNames": _name(), "additionalProperties": item}


def _name() -> Schema:
    return {"type": "string", "pattern": f"^{NAME}$"}


def _text(pattern: str, example: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$", "examples": [example]}
