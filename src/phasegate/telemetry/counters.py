"""What became of observations, so that nothing is lost unseen."""

from __future__ import annotations

from dataclasses import dataclass

from phasegate.telemetry.observation import Observation


@dataclass(kw_only=True)
class Counters:
    """received is the sum of exposures, joined, waiting, unjoined, skewed, sampled and ignored.

    exposures  said only what a flag evaluated to.   ignored    concern nothing that is watched.
    joined     tallied.   sampled   refused, since their stream leaves requests out.
    waiting    outcomes whose exposure may still come, and requests that may still learn of one.
    unjoined   outcomes whose exposure did not come in time, never tallied.
    skewed     too far from now to be believed. A sentinel among them is tallied all the same.

    unattributable   evaluations and outcomes among the above that do not say which environment they
                     are of, where several watch that flag.
    before_watch     how often something among the above was not counted for a trial, since it is
                     from before its exposure.
    stray_exposures  exposures among the above that were told apart from their request, which did
                     not come in time or was not the only one of its trace.
    points           metric data points, which are not among the above.
    """

    received: int = 0
    exposures: int = 0
    joined: int = 0
    waiting: int = 0
    unjoined: int = 0
    skewed: int = 0
    sampled: int = 0
    ignored: int = 0
    unattributable: int = 0
    before_watch: int = 0
    stray_exposures: int = 0
    points: int = 0

    def count(self, observation: Observation) -> None:
        """Count an observation that concerns something that is watched."""
        if observation.sampled:
            self.sampled += 1
        else:
            self.joined += 1
