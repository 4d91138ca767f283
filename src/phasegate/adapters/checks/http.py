"""An HTTP answer as a check: it passes when the endpoint answers with the expected status."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from phasegate.adapters.unanswered import unanswered
from phasegate.ports import Exercise, Unavailable


class HttpCheck:
    """Gets a URL. Options: url; status (default 200); contains (text that the body must have).

    Nothing of the body is kept: a finding is kept for good, and the body may name a patient.
    """

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Pass on the expected answer. Raises Unavailable if there is none in time."""
        wanted = int(options.get("status", "200"))
        try:
            answer = httpx.get(options["url"], timeout=min(deadline_s, 10.0))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(unanswered(options["url"], error)) from error
        took = answer.elapsed.total_seconds() * 1000
        has = options.get("contains", "") in answer.text
        good = answer.status_code == wanted and has
        missing = "" if has else ", without the text that it must have"
        return Exercise(
            passed=good,
            exercised=1,
            seen=f"HTTP {answer.status_code} in {took:.0f} ms, "
            f"{len(answer.content)} bytes{missing}",
            remedy="" if good else f"HTTP {wanted} was expected. Mend the endpoint, then retry.",
        )
