"""The behaviour of a store, as sentences: every adapter inherits them and adds its own."""

from phasegate.testing.store_suite.durable import DurableStoreSuite
from phasegate.testing.store_suite.specimens import (
    ADAS,
    BASKET,
    CART,
    FINDING,
    NOON,
    NOON_MS,
    NOON_S,
    REACH,
    event,
    fence,
    sighting,
    tally,
)
from phasegate.testing.store_suite.suite import StoreSuite

__all__ = [
    "ADAS",
    "BASKET",
    "CART",
    "FINDING",
    "NOON",
    "NOON_MS",
    "NOON_S",
    "REACH",
    "DurableStoreSuite",
    "StoreSuite",
    "event",
    "fence",
    "sighting",
    "tally",
]
