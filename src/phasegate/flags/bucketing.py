"""Where a subject falls in a rollout: MurmurHash3 and integer buckets, hashing version v2.

Frozen by tests/vectors/bucketing.json: a change here moves patients between arms.
"""

from __future__ import annotations

from collections.abc import Sequence

import mmh3

HASHING = "v2"
"""Recorded in every flag set. v1 and v3 of flagd put the same subject elsewhere."""

MOST_WEIGHT = 2**31 - 1
"""Largest sum of weights for which a bucket is defined."""

# Bytes only. mmh3.hash takes a str as well, and ends the process on a lone surrogate (5.3.1).
hash32 = mmh3.mmh3_32_uintdigest
"""MurmurHash3 x86 32 of bytes with seed 0, unsigned."""


def bucket(subject: str, total: int) -> int:
    """Return the subject's bucket in 0..total-1. For a flag, subject is flag key + targetingKey.

    total is the sum of weights, 1..MOST_WEIGHT. Raises UnicodeEncodeError for lone surrogates.
    """
    return hash32(subject.encode()) * total >> 32


def slot(subject: str, weights: Sequence[object]) -> int:
    """Return the index of the weight that the subject falls under; -1 where flagd says null.

    A negative weight counts as 0; one that is no whole number, or no weight at all, gives -1.
    """
    clamped = [whole_weight(weight) for weight in weights]
    known = [weight for weight in clamped if weight is not None]
    total = sum(known)
    if len(known) < len(clamped) or not 0 < total <= MOST_WEIGHT:
        return -1
    fallen = bucket(subject, total)
    end = 0
    for index, weight in enumerate(known):
        end += weight
        if fallen < end:
            return index
    return -1


def whole_weight(weight: object) -> int | None:
    """Return a weight as an integer, at least 0; None if it is not a whole number."""
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return None
    if isinstance(weight, float) and not weight.is_integer():
        return None
    return max(0, int(weight))
