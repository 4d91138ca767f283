"""Every key of a plan file with its sentence: what the reader accepts and what editors show."""

from __future__ import annotations

PLAN = {
    "plan": "Name of the plan.",
    "environment": "Where it runs, like production: the flag set that is changed.",
    "author": "Who owns the plan. The author cannot sign it.",
    "subjects": "What is bucketed, like patient: the OpenFeature targetingKey. Default: patient.",
    "traffic": "Subjects per time that review assumes, like 200/min. Default: 60/min.",
    "error_budget": "Chance of any wrong rollback over the whole plan. Default: 5%.",
    "confidence": "How sure a gate must be. Default: 95%.",
    "unattended": "What happens to trial exposure when nobody watches: withdraw after 15m (the "
    "default), or keep.",
    "blind_for": "How long a guard may go unseen before the phase is taken back. Default: 5m.",
    "block": "Length of the blocks in which absolute shares are judged. Default: 30s.",
    "window": "When the run may go forward, like mon-fri 08:00-16:00 +08:00. Default: always.",
    "endpoints": "Base URLs by name, for {name} in checks, cases and queries.",
    "hazards": "Harms to patients, each with the metrics that guard it.",
    "checks": "Named checks for steps.",
    "cases": "Files of labelled cases and the endpoints that answer them.",
    "metrics": "What is observed, and which observation counts as bad.",
    "phases": "The phases, in the order in which they run.",
}

HAZARD = {
    "text": "The harm, as the end of the sentence 'it happens that …'.",
    "guarded_by": "Metrics that watch for it; at least one is a guard of some phase.",
}

CASES = {
    "file": "Path of the case file, relative to the plan.",
    "url": "Endpoint that answers one case.",
}

METRIC = {
    "kind": "What one observation is: share, quantile, mean, rate, level or sentinel.",
    "source": "Where it comes from: otlp (default), cases, prometheus, sql or http_json.",
    "endpoint": "Endpoint that the source is asked at. Default: the source's own name.",
    "event": "Log event that carries the observation. Without it: the server span.",
    "where": 'Which observations belong to the metric at all, like channel == "app".',
    "bad": "Which observation is bad, like error or rating < 4.",
    "good": "Which observation is good, like rating >= 4.",
    "cases": "Name of the labelled cases, for source: cases.",
    "of": "The observed field of a quantile or a mean, like duration.",
    "at": "Which quantile, like 95%.",
    "cuts": "Values at which a quantile's whole distribution is compared with control, like "
    "300ms, 1s, 3s.",
    "scale": "Least and greatest value of a mean, like 1 to 5.",
    "better": "Which side of a mean's scale is good: higher or lower.",
    "unit": 'Unit of the value: ms, s, "%" or a word.',
    "query": "What the source is asked; for otlp, the name of an OpenTelemetry metric.",
    "query_all": "Counter of everything in one arm, with {flag} and {variant}.",
    "query_bad": "Counter of what was bad among it.",
    "query_good": "Counter of what was good among it.",
    "counts": "What the counts of a query are of: requests (default), or subjects, each once.",
    "across": "Which of several series of a level counts: highest, lowest, mean or sum of them.",
    "lag": "How long an outcome may take to arrive. Default: none.",
    "hold": "How long a level must stay beyond its bound. Default: 2m.",
    "weight": "Share of the error budget relative to other metrics. Default: by kind.",
}

_ALWAYS = {"kind", "source", "weight"}
_OBSERVED = _ALWAYS | {"event", "where"}
_COUNTERS = _ALWAYS | {"endpoint", "query_all", "query_bad", "lag"}
_ROWS = _ALWAYS | {"query", "counts", "lag"}
_LEVEL = _ALWAYS | {"query", "unit", "hold"}
_BEYOND = {"at", "unit"}

METRIC_KEYS = {
    ("share", "otlp"): _OBSERVED | {"bad", "good", "lag"},
    ("share", "cases"): _ALWAYS | {"bad", "good", "cases"},
    ("share", "prometheus"): _COUNTERS | {"query_good"},
    ("share", "sql"): _ROWS | {"bad", "good", "endpoint"},
    ("share", "http_json"): _ROWS | {"bad", "good"},
    ("quantile", "otlp"): _OBSERVED | _BEYOND | {"of", "cuts", "lag"},
    ("quantile", "prometheus"): _COUNTERS | _BEYOND,
    ("quantile", "sql"): _ROWS | _BEYOND | {"endpoint"},
    ("quantile", "http_json"): _ROWS | _BEYOND,
    ("mean", "otlp"): _OBSERVED | {"of", "scale", "better", "lag"},
    ("rate", "otlp"): _OBSERVED | {"bad"},
    ("level", "otlp"): _LEVEL | {"where", "across"},
    ("level", "prometheus"): _LEVEL | {"across", "endpoint"},
    ("level", "sql"): _LEVEL | {"across", "endpoint"},
    ("level", "http_json"): _LEVEL,
    ("level", "cases"): (_LEVEL - {"query"}) | {"cases"},
    ("sentinel", "otlp"): _OBSERVED - {"weight"},
}
"""Which keys say something about a metric of each kind from each source."""

KINDS = tuple(dict.fromkeys(kind for kind, _ in METRIC_KEYS))
SOURCES = tuple(dict.fromkeys(source for _, source in METRIC_KEYS))


def sources_of(kind: str) -> tuple[str, ...]:
    """Return where observations of a kind can come from."""
    return tuple(source for of, source in METRIC_KEYS if of == kind)


COUNTS = ("requests", "subjects")
"""What the counts of a query may be of."""

SIDES = ("higher", "lower")
"""Which side of a scale may be the good one."""

PHASE = {
    "title": "What people call the phase. Default: its name.",
    "week": "Week of the plan in which it is due.",
    "risk": "How much it may hurt: low, medium (default) or high.",
    "lasts": "Shortest and longest watch at full exposure, like 2h to 24h.",
    "before": "Steps before exposure.",
    "after": "Steps after the watch.",
    "components": "What is exposed, and to whom.",
    "pass_when": "Gates: must be shown to move on.",
    "roll_back_when": "Guards: watched all the time; tripping takes back.",
    "sign_off": 'Who approves, like [approver, "2 safety_officer"].',
    "if_control_fails_too": "On an outage that hits everyone: roll back (default), or hold.",
}

COMPONENT = {
    "flag": "Key of the flag. Default: the component's name.",
    "exposure": 'Share of subjects, like "25%" or "5% then 15%".',
    "shadow": "Share of subjects for whom both paths run and the old answer is served.",
    "then": "Live exposures after the shadow stage.",
}

STEP = {
    "run": "A command line. Exit code 0 passes.",
    "check": "Name of a check.",
    "evaluate": "Labelled cases to evaluate, and the metric they feed.",
    "timeout": "How long the step may take. Default: 10m.",
}

EVALUATE = {"cases": "Name of the cases.", "metric": "A share with these cases as its source."}

CHECK_KINDS = ("http", "command")
"""Kinds of named checks."""

CHECK_NEEDS = {"http": ("url",)}
"""Options that a check of a kind cannot do without."""

SIGNING_ROLES = ("operator", "approver", "safety_officer", "admin")
"""Roles that may approve a phase."""
