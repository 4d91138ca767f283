"""By how much a counter grew in each step, minding restarts, gaps, and series that are born."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def increases(
    samples: Sequence[tuple[int, int]], since: int, step: int
) -> Iterator[tuple[int, int]]:
    """Yield (bucket, increase) for each sample behind `since`.

    samples  (second, count) in order, at whole steps, some of them from before `since`. A count
             that is smaller than the one before began anew from nothing. A series that has none
             before `since` was born later, with nothing counted; after a gap it has grown by the
             whole difference.

    A bucket begins one step before its sample: what was counted in (t - step, t] is of t - step.
    """
    before = 0
    for second, count in samples:
        if second > since:
            yield second - step, count - before if count >= before else count
        before = count
