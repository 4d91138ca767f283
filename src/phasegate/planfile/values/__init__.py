"""Single values of a plan file: shares, exposures, durations, rates, names.

Each function takes the text as written and returns the core's value, or raises Wrong with a
remedy. Decimal arithmetic throughout: "0.1 %" is the float 0.001 and not its neighbour.
"""

from phasegate.planfile.values.names import (
    FIELD,
    NAME,
    Convert,
    address,
    choice,
    flag,
    name,
    one_of,
    url,
    words,
)
from phasegate.planfile.values.numbers import (
    NUMBER,
    Exposures,
    exposure,
    exposures,
    inner_share,
    percentage,
    rate,
    share,
    weight,
    whole,
)
from phasegate.planfile.values.times import (
    UNITS,
    WINDOW,
    delay,
    duration,
    lasts,
    long_enough,
    unattended,
    window,
)

__all__ = [
    "FIELD",
    "NAME",
    "NUMBER",
    "UNITS",
    "WINDOW",
    "Convert",
    "Exposures",
    "address",
    "choice",
    "delay",
    "duration",
    "exposure",
    "exposures",
    "flag",
    "inner_share",
    "lasts",
    "long_enough",
    "name",
    "one_of",
    "percentage",
    "rate",
    "share",
    "unattended",
    "url",
    "weight",
    "whole",
    "window",
    "words",
]
