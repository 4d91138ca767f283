from __future__ import annotations

import numpy as np
import pytest

from phasegate.core.evidence import Outcome
from phasegate.core.judge.shown import Seen, shown
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.proofs import proofs


@pytest.mark.parametrize("bound", [0.005, 0.02, 0.15, 0.9])
def test_what_lanes_have_shown_is_what_the_core_says(bound: float) -> None:
    rng = np.random.default_rng(1)
    people = rng.integers(0, 5000, 300)
    bad = rng.binomial(people, np.clip(bound * rng.choice([0, 0.2, 0.7, 1, 1.5, 3], 300), 0, 1))
    counts = Came.once_each(people, bad)

    found = proofs(counts, bound, 0.05)

    outcomes = [
        shown(Seen(seen=n, bad=x, subjects=n, subjects_bad=x), bound, 0.05).outcome
        for n, x in zip(people.tolist(), bad.tolist(), strict=True)
    ]
    assert found.passed.tolist() == [outcome is Outcome.PASS for outcome in outcomes]
    assert found.failed.tolist() == [outcome is Outcome.FAIL for outcome in outcomes]
    assert found.passed.any()
