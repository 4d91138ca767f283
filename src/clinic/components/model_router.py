"""Model router: chooses which tier answers.

old  a score in which quality counts in thousands, so price and speed never matter.
new  the cheapest healthy tier that is good enough; an emergency gets the strongest healthy one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from clinic.components.complexity_analyzer import Complexity


class NoModel(Exception):
    """No tier may be used: all are shut off or excluded."""


@dataclass(frozen=True)
class Model:
    """A tier that can answer. cost in millionths of a unit per answer, latency in ms."""

    name: str
    strength: int
    quality: float
    accuracy: float
    latency_ms: float
    cost_micro: int


FAST = Model("local-fast", strength=1, quality=85, accuracy=82, latency_ms=1, cost_micro=50)
DEEP = Model("local-deep", strength=2, quality=95, accuracy=93, latency_ms=3, cost_micro=900)
MODELS = (FAST, DEEP)
PLAYED_BY = {"gemini-2.0-flash": FAST, "gemini-2.5-pro": DEEP}
"""The guide's models: without a network their parts are played by the local tiers."""

ENOUGH = 0.7
"""The chance of being good enough that the quick tier needs."""


@dataclass(frozen=True)
class Choice:
    """The chosen tier and why."""

    model: Model
    reason: str


@dataclass
class Breaker:
    """Shuts a tier off after repeated failures and lets one probe through when the time is up.

    Opens at 5 failures in a row or at more than half of the last 20; the pause doubles with each
    failed probe, from 30 s to 10 min. Times are monotonic seconds.
    """

    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=20))
    in_a_row: int = 0
    open_until: float = 0.0
    pause_s: float = 30.0

    def permits(self, now: float) -> bool:
        """Say whether the tier may be asked."""
        return now >= self.open_until

    def record(self, ok: bool, now: float) -> None:
        """Note how an answer went."""
        probing = self.open_until > 0
        self.recent.append(ok)
        self.in_a_row = 0 if ok else self.in_a_row + 1
        if ok and probing:
            self.recent.clear()
            self.open_until, self.pause_s = 0.0, 30.0
        elif probing:
            self.pause_s = min(self.pause_s * 2, 600.0)
            self.open_until = now + self.pause_s
        elif self.in_a_row >= 5 or (len(self.recent) == 20 and self.recent.count(False) > 10):
            self.open_until = now + self.pause_s


def old() -> Choice:
    """Take the highest score; the quality term decides alone."""
    model = max(MODELS, key=_score)
    return Choice(model, f"score {_score(model):.0f}")


class Router:
    """The new router, with a breaker per tier."""

    def __init__(self) -> None:
        self.breakers = {model.name: Breaker() for model in MODELS}

    def choose(self, complexity: Complexity, *, emergency: bool, now: float) -> Choice:
        """Return the cheapest sufficient tier. Raises NoModel if every tier is shut off."""
        healthy = [model for model in MODELS if self.breakers[model.name].permits(now)]
        if not healthy:
            raise NoModel("every model is shut off after failures; wait for the next probe")
        strongest = max(healthy, key=lambda model: model.strength)
        if emergency:
            return Choice(strongest, "an emergency gets the strongest model")
        good = [model for model in healthy if _good_enough(model, complexity)]
        if not good:
            return Choice(strongest, "no model is surely good enough: the strongest healthy one")
        return Choice(min(good, key=lambda model: model.cost_micro), "the cheapest that suffices")

    def record(self, model: Model, *, ok: bool, now: float) -> None:
        """Tell the breaker of a tier how an answer went."""
        self.breakers[model.name].record(ok, now)


def _good_enough(model: Model, complexity: Complexity) -> bool:
    return model is DEEP or complexity.sufficient >= ENOUGH


def _score(model: Model) -> float:
    speed = max(0.0, 20 - model.latency_ms / 100)
    price = max(0.0, 10 - model.cost_micro)
    return model.quality * 40 + model.accuracy * 30 + speed + price
