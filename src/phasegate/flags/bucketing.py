"""Where a subject falls in a rollout: MurmurHash3 and integer buckets, hashing versions v2 and v3.

Frozen by tests/vectors/bucketing.json: a change here moves patients between arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import mmh3

from phasegate.flags.cbor import cbor, pair_prefix


class Hashing(StrEnum):
    """What of a subject is hashed; recorded in every flag set.

    V2  the UTF-8 text of flag key + targeting key, or of the value that the rule names.
    V3  deterministic CBOR of [flag key, targeting key], or of the value that the rule names.

    flagd's v1 put subjects elsewhere by floating-point shares and is known to no current engine.
    """

    V2 = "v2"
    V3 = "v3"


HASHING = Hashing.V2
"""What a flag set that records nothing is hashed by."""

MOST_WEIGHT = 2**31 - 1
"""Largest sum of weights for which a bucket is defined."""

# Bytes only. mmh3.hash takes a str as well, and ends the process on a lone surrogate (5.3.1).
hash32 = mmh3.mmh3_32_uintdigest
"""MurmurHash3 x86 32 of bytes with seed 0, unsigned."""


def bucket(subject: str, total: int) -> int:
    """Return the subject's bucket in 0..total-1 by v2; subject is flag key + targeting key.

    total is the sum of weights, 1..MOST_WEIGHT. Raises UnicodeEncodeError for lone surrogates.
    """
    return hash32(subject.encode()) * total >> 32


def bucket_v3(flag: str, targeting_key: str, total: int) -> int:
    """Return the subject's bucket in 0..total-1 by v3."""
    return hash32(pair_prefix(flag) + cbor(targeting_key)) * total >> 32


def slot(hashed: int, weights: Sequence[object]) -> int:
    """Return the index of the weight that a hash falls under; -1 where flagd says null.

    A negative weight counts as 0; one that is no whole number, or no weight at all, gives -1.
    """
    clamped = [whole_weight(weight) for weight in weights]
    known = [weight for weight in clamped if weight is not None]
    total = sum(known)
    if len(known) < len(clamped) or not 0 < total <= MOST_WEIGHT:
        return -1
    fallen = hashed * total >> 32
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
