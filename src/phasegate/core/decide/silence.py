"""For how long a guard or a gate has seen nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from phasegate.core.decide.situation import Situation
from phasegate.core.evidence import Judgement, Outcome


def unseen_for(s: Situation, judgement: Judgement) -> timedelta | None:
    """Say for how long nothing was seen, while somebody could have; None: there is no trial."""
    began = s.began.get((judgement.phase, judgement.component))
    return None if began is None else _gap(s, judgement, max(began, s.evidence.watching_since))


def is_silent(s: Situation, judgement: Judgement, most: timedelta) -> bool:
    """Say whether nothing was seen for longer than that, whoever could have seen it."""
    began = s.began.get((judgement.phase, judgement.component))
    return began is not None and _gap(s, judgement, began) > most


def _gap(s: Situation, judgement: Judgement, since: datetime) -> timedelta:
    # What could not be judged says nothing, however much of it there was.
    if judgement.last_seen is not None and judgement.outcome is not Outcome.INVALID:
        seen = datetime.fromtimestamp(judgement.last_seen, tz=s.now.tzinfo)
        since = max(since, seen)
    metric = judgement.series.partition(">")[0]
    return s.now - since - s.lags.get(metric, timedelta(0))
