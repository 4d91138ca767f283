"""Stands in for a metric source whose packages are not installed: it says so when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phasegate.core.plan import Metric
from phasegate.ports import ArmCount, CountQuestion, Unavailable


class UninstalledSource:
    """A source that never answers."""

    def __init__(self, source: str, package: str | None) -> None:
        self._why = f"the source {source} needs the package {package}; install phasegate[{source}]"

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:  # noqa: ARG002 the port's
        """Raise Unavailable."""
        raise Unavailable(f"{metric.name}: {self._why}")

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Raise Unavailable."""
        raise Unavailable(f"{asked.metric.name}: {self._why}")
