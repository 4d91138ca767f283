"""What people may do to a run: a request becomes a draft event, or a refusal that says why."""

from phasegate.core.command.answer import Draft, Refusal, may_not
from phasegate.core.command.handling import handle
from phasegate.core.command.person import APPROVING, OPERATING, Person
from phasegate.core.command.request import Pause, Request, Resume, Retry, RollBack, SignOff, Waive

__all__ = [
    "APPROVING",
    "OPERATING",
    "Draft",
    "Pause",
    "Person",
    "Refusal",
    "Request",
    "Resume",
    "Retry",
    "RollBack",
    "SignOff",
    "Waive",
    "handle",
    "may_not",
]
