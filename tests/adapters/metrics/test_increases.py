"""A counter's growth is told once and rightly, whatever happens to its process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.adapters.metrics.increases import increases

Samples = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("samples", "grown"),
    [
        ([(100, 5), (110, 7), (120, 7), (130, 12)], [(100, 2), (110, 0), (120, 5)]),
        ([(80, 3), (110, 7)], [(100, 4)]),
        ([(110, 7), (120, 8)], [(100, 7), (110, 1)]),
        ([(100, 50), (110, 3), (120, 4)], [(100, 3), (110, 1)]),
        ([(100, 5), (130, 9)], [(120, 4)]),
        ([(90, 1), (100, 5)], []),
        ([], []),
    ],
    ids=["steady", "known-before", "born", "restarted", "gap", "past", "nothing"],
)
def test_growth_is_counted_behind_the_first_moment(samples: Samples, grown: Samples) -> None:
    assert list(increases(samples, 100, 10)) == grown


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 20))
def test_all_growth_is_told_once_however_the_time_is_cut(steps: list[int], cut: int) -> None:
    samples = [(0, 7)]
    for step in steps:
        samples.append((samples[-1][0] + 10, samples[-1][1] + step))
    end, middle = samples[-1][0], min(cut * 10, samples[-1][0])

    first = list(increases([one for one in samples if one[0] <= middle], 0, 10))
    second = list(increases(samples, middle, 10))

    assert sum(count for _, count in [*first, *second]) == sum(steps)
    assert [bucket for bucket, _ in [*first, *second]] == list(range(0, end, 10))
