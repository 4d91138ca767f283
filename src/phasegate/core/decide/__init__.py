"""What happens next: the first opinion of an ordered list of rules over all that is known."""

from phasegate.core.decide.policy import RULES, decide
from phasegate.core.decide.situation import (
    Decision,
    Evidence,
    Situation,
    Verb,
    due_steps,
    standing,
)

__all__ = ["RULES", "Decision", "Evidence", "Situation", "Verb", "decide", "due_steps", "standing"]
