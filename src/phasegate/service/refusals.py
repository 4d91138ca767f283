"""Why a run may not start here, or not now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from phasegate.core.command import Refusal
from phasegate.core.plan import KNOW_SUBJECTS, Metric, Plan
from phasegate.core.problem import suggestion
from phasegate.core.watching import COUNTED_KINDS
from phasegate.planfile.values import NAME
from phasegate.ports import Store
from phasegate.service.reading import agreed, runs

PRODUCTION = "prod"
"""How the names of environments begin in which no duration may be shortened."""

MOST_PACE = 1_000_000
"""A week becomes less than a second: nothing can be watched in less."""


def name_refused(environment: str) -> Refusal | None:
    """Refuse what cannot be the name of an environment."""
    if not re.fullmatch(NAME, environment):
        return Refusal(
            code="environment-form",
            message=f"{environment[:80]!r} cannot be the name of an environment",
            remedy="Use letters, digits, _ and -, a letter first.",
        )
    return None


def endpoints_refused(plan: Plan, endpoints: Mapping[str, str]) -> Refusal | None:
    """Refuse an endpoint that the plan does not have, and what is no address or holds a secret."""
    known = [name for name, _ in plan.endpoints]
    for name, url in endpoints.items():
        if name not in known:
            return Refusal(
                code="endpoint-unknown",
                message=f"the plan has no endpoint {name[:80]!r}",
                remedy=suggestion(name, known),
            )
        refusal = _url_refused(name, url)
        if refusal:
            return refusal
    return None


def _url_refused(name: str, url: str) -> Refusal | None:
    try:
        parts = urlsplit(url)
        if parts.username is not None:
            return Refusal(
                code="endpoint-secret",
                message=f"the URL of endpoint {name} carries a user or a password",
                remedy="Leave them out: what a run is started with is kept in its log.",
            )
        whole = bool(parts.scheme) and "://" in url
    except ValueError:
        whole = False
    if whole:
        return None
    return Refusal(
        code="endpoint-form",
        message=f"endpoint {name} is given no address",
        remedy="Give a whole URL, like http://127.0.0.1:9000.",
    )


def pace_refused(pace: float, environment: str) -> Refusal | None:
    """Refuse a pace that lengthens durations, leaves nothing of them, or hurries production."""
    if pace < 1:
        return Refusal(
            code="pace-below-one",
            message=f"a pace of {pace:g} would lengthen the plan's durations",
            remedy="Give a pace of 1 or more; 60 turns hours into minutes.",
        )
    if pace > MOST_PACE:
        return Refusal(
            code="pace-too-high",
            message=f"a pace of {pace:g} would leave nothing of the plan's durations",
            remedy=f"Give a pace of at most {MOST_PACE:,}.",
        )
    if pace != 1 and environment.casefold().startswith(PRODUCTION):
        return Refusal(
            code="pace-in-production",
            message="durations may not be shortened in production",
            remedy="Leave --pace out, or name another environment: --environment demo.",
        )
    return None


def start_under_way(environment: str) -> Refusal:
    """Refuse a start beside another one."""
    return Refusal(
        code="too-busy",
        message=f"somebody else is starting a run in {environment} at this moment",
        remedy="Nothing was started here; see what they started: phasegate run list.",
    )


def busy(store: Store, environment: str) -> Refusal | None:
    """Refuse a second run in one environment."""
    for run in runs(store):
        if run.environment == environment and run.ended is None:
            return Refusal(
                code="environment-busy",
                message=f"run {run.id} is under way in {environment} ({run.status.value})",
                remedy=f"Follow it (phasegate run watch {run.id}), or end it first: "
                f"phasegate run rollback {run.id} --phase all --reason TEXT.",
            )
    return None


def watched_elsewhere(store: Store, plan: Plan, environment: str) -> Refusal | None:
    """Refuse a second run over the same flags where a metric source would count for both.

    Our own telemetry says which environment it is of. A source says so only if it is asked: a run
    must never pass, or be taken back, on the traffic of another.
    """
    wanted = _flags_counted_everywhere(plan)
    for run in runs(store):
        if run.ended is not None or run.environment == environment:
            continue
        other = agreed(store, run)
        shared = wanted & _flags_counted_everywhere(other) if other else wanted
        if shared:
            return Refusal(
                code="flags-watched-elsewhere",
                message=f"run {run.id} in {run.environment} watches {', '.join(sorted(shared))} "
                "too, and a metric source would count both as one",
                remedy="Name {environment} in the metrics' queries (:environment in SQL), or wait "
                "until that run has ended.",
            )
    return None


def _flags_counted_everywhere(plan: Plan) -> set[str]:
    """Return what a metric source counts by arm without being told of which environment."""
    return {
        name
        for phase in plan.phases
        if any(_counts_everywhere(plan.metric(each.metric)) for each in phase.conditions)
        for component in phase.components
        for name in (component.flag, component.name)
    }


def _counts_everywhere(metric: Metric) -> bool:
    asked = (metric.query, metric.query_all, metric.query_part)
    return (
        metric.kind in COUNTED_KINDS
        and metric.source not in KNOW_SUBJECTS
        and not all("{environment}" in one or ":environment" in one for one in asked if one)
    )
