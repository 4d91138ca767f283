"""Where metrics come from that our own telemetry does not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric


@dataclass(frozen=True, kw_only=True)
class CountQuestion:
    """What is asked of a source that counts by arm.

    bound   of a quantile, in the metric's unit: what lies beyond it is bad.
    since, until  Unix seconds, until not included; both are multiples of step.
    environment   that of the run: the same flag elsewhere is another one.
    """

    metric: Metric
    component: str
    flag: str
    bound: float | None
    since: int
    until: int
    step: int
    endpoints: Mapping[str, str]
    environment: str = ""


@dataclass(frozen=True, kw_only=True)
class ArmCount:
    """How many were seen in one arm in the step that begins at `bucket`, and how many were bad."""

    arm: Arm
    bucket: int
    seen: int
    bad: int


class MetricSource(Protocol):
    """Reads from outside: levels of the environment, and counts by arm.

    Both calls block, for a few seconds at most. They raise Unavailable where the source does not
    answer, or answers what cannot be counted, and NoData where it has nothing. Shipped behaviour
    suite: phasegate.testing.source_suite.
    """

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the present value of a level.

        endpoints  addresses by name; of labelled cases NAME.directory, NAME.file and NAME.url.
        """

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return the counts of every step in which something was seen, in any order.

        The same question about the past has the same answer.
        """
