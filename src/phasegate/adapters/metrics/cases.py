"""Labelled cases as a level: again and again the whole file goes through the endpoint.

A gate judges cases that a step ran once, with exact bounds, since each case is a trial. A guard
over the same cases asks something else: whether a known answer has begun to fail while a phase is
under way. The same cases over again are no new evidence of a share, so that their share of right
answers is a level, which holds beyond its bound or does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phasegate.adapters.checks.evaluate import EvaluateCheck
from phasegate.core.plan import Metric
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

DEADLINE_S = 60.0
"""How long all cases of a file may take together."""


class CasesSource:
    """Returns the percentage of right answers. A case without an answer leaves all unsaid."""

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Run the cases once. Raises Unavailable, NoData where there is no case at all."""
        name = metric.cases or ""
        try:
            known = {key: endpoints[f"{name}.{key}"] for key in ("directory", "file", "url")}
        except KeyError as missing:
            raise Unavailable(f"{metric.name}: the plan has no cases called {name!r}") from missing
        try:
            seen = EvaluateCheck().exercise({**known, "counts": metric.name}, DEADLINE_S)
        except Unavailable as error:
            raise Unavailable(f"{metric.name}: {error}") from error
        if not seen.exercised:
            raise NoData(f"{metric.name}: no case of {known['file']} is for this metric")
        return 100 * (seen.exercised - seen.bad) / seen.exercised

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Raise Unavailable: cases are nobody's, and so of no arm."""
        raise Unavailable(f"{asked.metric.name}: labelled cases are of no arm; ask for a level")
