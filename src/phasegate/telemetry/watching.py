"""What is looked for, arranged so that one observation finds its counts at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from phasegate.core.watch import Attributes, Series, Watch
from phasegate.flags.document import OFF, ON
from phasegate.telemetry.bundles import Bundle, BundleKey, Identity
from phasegate.telemetry.exposing import SET
from phasegate.telemetry.exposures import FlagAt
from phasegate.telemetry.glance import Glance, glance
from phasegate.telemetry.levels import Level
from phasegate.telemetry.observation import Observation
from phasegate.telemetry.wanted import Wanted, wanted

Signature = tuple[tuple[str, str, str | None], ...]
"""Flags as one request met them: key, variant, and the environment if that was told."""

ARM_BITS = {OFF: 0, ON: 1}
MOST_ROUTES = 10_000
_NOWHERE: frozenset[str] = frozenset()


class Route(NamedTuple):
    """What one signature means: arms by flag, and where requests like it are counted.

    outcomes where events that follow such a request are counted.
    joined   flags, with the arm's bit, that outcomes may be joined to later.
    lacking  it lacks a flag whose requests are counted, as far as it is of that environment.
    glance   how requests like it are counted together; None: they are not.
    """

    arms: Mapping[FlagAt, int]
    counting: tuple[tuple[int, Bundle], ...]
    outcomes: tuple[tuple[int, Bundle], ...]
    joined: tuple[tuple[FlagAt, int], ...]
    lacking: bool
    glance: Glance | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One watched component with its bundles, by the event they are observed by; None: spans."""

    at: FlagAt
    bundles: Mapping[str | None, tuple[Bundle, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Alarm:
    """One sentinel of one run and phase: a bundle per component, and one for nobody's."""

    series: Series
    members: tuple[tuple[Watch, Bundle], ...]
    environment: Bundle

    @property
    def where(self) -> str:
        """The environment of the run."""
        return self.members[0][0].environment

    def bundles_of(self, component: object) -> list[Bundle]:
        """Return the bundles of the component of that name; none if it is not watched."""
        return [bundle for watch, bundle in self.members if watch.component == component]


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Trials by flag and by event, alarms by event, and all their bundles; levels by metric.

    environments  by each watched flag, those in which it is watched.
    shared        flags that are watched in several: what does not say where it is of is not
                  attributed to any.
    """

    bundles: Mapping[BundleKey, Bundle] = field(default_factory=dict)
    by_series: Mapping[Identity, Bundle] = field(default_factory=dict)
    by_flag: Mapping[FlagAt, tuple[Bundle, ...]] = field(default_factory=dict)
    by_event: Mapping[str, tuple[Trial, ...]] = field(default_factory=dict)
    alarms: Mapping[str | None, tuple[Alarm, ...]] = field(default_factory=dict)
    environments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    joined_flags: frozenset[FlagAt] = frozenset()
    levels: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    longest_lag_s: float = 0.0
    judged_fields: frozenset[str] = frozenset()
    wanted: Wanted = field(default_factory=lambda: wanted((), ()))
    _routes: dict[Signature, Route] = field(default_factory=dict)

    def has(self, trial: Trial) -> bool:
        """Say whether a trial is watched still, perhaps arranged anew."""
        return all(one.key in self.bundles for many in trial.bundles.values() for one in many)

    def route(self, signature: Signature) -> Route:
        """Return what a signature means."""
        known = self._routes.get(signature)
        return self._new_route(signature) if known is None else known

    def at(self, flag: str, flag_set: str | None) -> FlagAt | None:
        """Return which watched flag an evaluation is of; None: of none, or nobody can tell."""
        known = self.environments.get(flag, _NOWHERE)
        if flag_set is None:
            return (next(iter(known)), flag) if len(known) == 1 else None
        return (flag_set, flag) if flag_set in known else None

    def said(self, observation: Observation) -> frozenset[str]:
        """Return the environments that an observation says it is of; none: it does not say."""
        own = observation.attributes.get(SET)
        if isinstance(own, str) and own:
            return frozenset((own,))
        return frozenset(
            one.flag_set
            for one in observation.exposures
            if one.flag_set is not None and one.flag in self.environments
        )

    def arm_bit(self, variant: str) -> int | None:
        """Return the arm's bit that a variant stands for; None if it stands for none."""
        return ARM_BITS.get(variant)

    def judged(self, attributes: Attributes) -> Attributes:
        """Return what is judged of a request's attributes, for whoever has to keep it."""
        return {name: attributes[name] for name in self.judged_fields if name in attributes}

    def _new_route(self, signature: Signature) -> Route:
        arms: dict[FlagAt, int] = {}
        for flag, variant, flag_set in signature:
            at, bit = self.at(flag, flag_set), ARM_BITS.get(variant)
            # Evaluated both ways within one request: whoever was exposed at all was exposed.
            if at is not None and bit is not None and bit >= arms.get(at, 0):
                arms[at] = bit
        here = {environment for environment, _ in arms}
        counting = tuple(
            (bit, bundle) for at, bit in arms.items() for bundle in self.by_flag.get(at, ())
        )
        lacking = any(at not in arms for at in self.by_flag if not here or at[0] in here)
        unattributable = any(told is None and flag in self.shared for flag, _, told in signature)
        route = Route(
            arms=arms,
            counting=counting,
            outcomes=tuple(
                (arms[trial.at], bundle)
                for trials in self.by_event.values()
                for trial in trials
                if trial.at in arms
                for bundles in trial.bundles.values()
                for bundle in bundles
                if bundle.key.event is not None
            ),
            joined=tuple((at, bit) for at, bit in arms.items() if at in self.joined_flags),
            lacking=lacking,
            glance=None if lacking or unattributable else glance(counting),
        )
        if len(self._routes) >= MOST_ROUTES:
            self._routes.clear()
        self._routes[signature] = route
        return route
