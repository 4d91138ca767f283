"""Queries that count by arm: of the steps they are asked for, and of nothing coarser."""

from __future__ import annotations

import re
from collections.abc import Iterator

from phasegate.core.plan import Metric, MetricKind, Plan
from phasegate.core.problem import Problem
from phasegate.core.wording import span

ASKED_BY_QUERY = {"sql": ":{}", "http_json": "{{{}}}"}
"""Sources whose query returns counts by arm and step, and how it names what is filled in."""

COUNTED_KINDS = (MetricKind.SHARE, MetricKind.QUANTILE)

SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}

CUT = re.compile(
    r"date_trunc\s*\(\s*'(?P<unit>minute|hour|day|week|month)"
    r"|toStartOf(?P<start>Minute|Hour|Day|Week|Month)\b"
    r"|(?:time_bucket|date_bin)\s*\(\s*(?:interval\s*)?'(?P<n>\d+)\s*(?P<bin>minute|hour|day|week)",
    re.IGNORECASE,
)
"""What cuts time into fixed buckets, in the databases that are known for it."""


def counts_are_of_steps(plan: Plan) -> Iterator[Problem]:
    """Report queries that count by arm and are not of the steps that they are asked for.

    A bucket that is longer than a step is asked for while it still fills, and never again.
    """
    for metric in plan.metrics:
        if metric.source in ASKED_BY_QUERY and metric.kind in COUNTED_KINDS:
            yield from _unbounded(metric)
            yield from _coarse(plan, metric)


def _unbounded(metric: Metric) -> Iterator[Problem]:
    query, spelt = metric.query or "", ASKED_BY_QUERY[metric.source]
    missing = [spelt.format(name) for name in ("since", "until") if not _names(metric, name)]
    if query and missing:
        yield Problem(
            path=f"metrics.{metric.name}.query",
            code="query-unbounded",
            message=f"the query does not say {' and '.join(missing)}, which it is asked for",
            remedy=f"Count from {spelt.format('since')} to {spelt.format('until')}, the second "
            "not included: only so it shows whether a bucket was whole when it was counted.",
        )


def _coarse(plan: Plan, metric: Metric) -> Iterator[Problem]:
    found = None if _names(metric, "step") else CUT.search(metric.query or "")
    if found is None:
        return
    unit = (found["unit"] or found["start"] or found["bin"]).lower()
    seconds = SECONDS[unit] * int(found["n"] or 1)
    if seconds > plan.block.total_seconds():
        yield Problem(
            path=f"metrics.{metric.name}.query",
            code="bucket-coarse",
            message=f"buckets of {found['n'] or 1} {unit} are longer than a step, which is the "
            f"plan's block of {span(plan.block)}",
            remedy="Make a bucket of :step seconds, or the plan's `block` as long as a bucket.",
        )


def _names(metric: Metric, what: str) -> bool:
    spelt = re.escape(ASKED_BY_QUERY[metric.source].format(what))
    return re.search(rf"{spelt}(?!\w)", metric.query or "") is not None
