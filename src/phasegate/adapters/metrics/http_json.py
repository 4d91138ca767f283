"""A level read from a JSON document over HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping

import httpx

from phasegate.core.plan import Metric
from phasegate.ports import NoData, Unavailable


class HttpJsonSource:
    """Reads `{endpoint}/path#field.subfield`: the number that the JSON answer has there."""

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the number. Raises Unavailable without an answer, NoData without a number."""
        url, _, field = (metric.query or "").partition("#")
        for name, base in endpoints.items():
            url = url.replace("{" + name + "}", base)
        try:
            answer = httpx.get(url, timeout=5.0)
            answer.raise_for_status()
            value = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unavailable(f"{metric.name}: no answer ({type(error).__name__})") from error
        for part in field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        # NaN is above no bound: taken for a level, it would keep every guard quiet.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise NoData(f"{metric.name}: the answer has no number at {field}")
        return float(value)
