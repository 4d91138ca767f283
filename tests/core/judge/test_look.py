"""A group is looked at as a whole, however many blocks its rows are of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phasegate.core.evidence import Outcome

Make = Callable[..., object]


@pytest.mark.parametrize("condition", ["error_rate > 2%", "error_rate worse than control by 1%"])
def test_harm_at_the_end_of_a_block_is_seen_though_the_next_block_came_with_it(
    feed: Make, condition: str
) -> None:
    trial = feed(condition)
    trial.people("control", 75, at=29, ripe=31_000)
    trial.people("treatment", 25, 25, at=29, ripe=31_000)
    trial.people("control", 3, at=30, ripe=31_000)
    trial.people("treatment", 1, at=30, ripe=31_000)

    (verdict,) = trial.guards()

    assert (verdict.outcome, verdict.accuses, verdict.method) == (Outcome.FAIL, True, "relative")
