"""What the engine asks of the world: every replaceable thing, and the errors adapters may raise."""

from phasegate.ports.check import Check, Exercise
from phasegate.ports.error import Conflict, NoData, Unavailable
from phasegate.ports.kept import Attended, Report, Settlement, Sighting, Token
from phasegate.ports.metric_source import ArmCount, CountQuestion, MetricSource
from phasegate.ports.publisher import Acks, Publisher, Reach
from phasegate.ports.serving import Serving, Wanted
from phasegate.ports.store import ALL, Store
from phasegate.ports.target import Fence, Target

__all__ = [
    "ALL",
    "Acks",
    "ArmCount",
    "Attended",
    "Check",
    "Conflict",
    "CountQuestion",
    "Exercise",
    "Fence",
    "MetricSource",
    "NoData",
    "Publisher",
    "Reach",
    "Report",
    "Serving",
    "Settlement",
    "Sighting",
    "Store",
    "Target",
    "Token",
    "Unavailable",
    "Wanted",
]
