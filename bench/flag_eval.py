"""Nanoseconds per flag evaluation: the engine, the client, and the OpenFeature SDK beside them.

Run: python bench/flag_eval.py
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator

import mmh3
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from phasegate.client.inforce import InForce
from phasegate.flags.compile import compile_document

ROUNDS, CALLS, USERS = 15, 5_000, 1_000

COUNTRIES = ["MY", "SG", "EG", "ID", "TH", "US", "DE"]

ROLLOUT = {"fractional": [["on", 2500], ["off", 7500]]}
WIDE = {"and": [
    {"in": [{"var": "country"}, ["MY", "SG", "EG", "ID", "TH"]]},
    {"sem_ver": [{"var": "version"}, ">=", "2.3.0"]},
]}  # fmt: skip


def flag(targeting: object = None) -> dict[str, object]:
    return {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": targeting,
    }


DOCUMENT: dict[str, object] = {
    "flags": {
        "plain": flag(),
        "rollout 25 %": flag(ROLLOUT),
        "rule + rollout": flag({"if": [WIDE, ROLLOUT]}),
    }
}

SUBJECTS = [
    (
        f"patient-{number}",
        {"country": COUNTRIES[number % 7], "version": f"2.{number % 6}.{number % 3}"},
    )
    for number in range(USERS)
]


def in_memory(key: str) -> Callable[[object, EvaluationContext], FlagResolutionDetails[bool]]:
    """Decide as the document does, by hand, for the SDK's in-memory provider."""

    def decide(_: object, context: EvaluationContext) -> FlagResolutionDetails[bool]:
        attributes = context.attributes
        wide = attributes["country"] in {"MY", "SG", "EG", "ID", "TH"} and (
            tuple(map(int, attributes["version"].split("."))) >= (2, 3, 0)
        )
        if key == "plain" or (key == "rule + rollout" and not wide):
            return FlagResolutionDetails(False, variant="off")
        subject = f"{key}{context.targeting_key}".encode()
        on = mmh3.mmh3_32_uintdigest(subject) * 10_000 >> 32 < 2500
        return FlagResolutionDetails(on, variant="on" if on else "off")

    return decide


def candidates(key: str) -> Iterator[tuple[str, Callable[[str, dict[str, object]], object]]]:
    """Yield what is measured: name and call(subject, attributes)."""
    engine = compile_document(DOCUMENT).evaluate
    yield "engine", lambda subject, attributes: engine(key, subject, attributes)

    # The client's own methods on what a stream would have brought; no server is needed.
    from phasegate.client.client import FlagClient

    client = FlagClient.__new__(FlagClient)
    client._held = InForce(None)
    client._held.document(1, DOCUMENT)
    boolean = client.boolean
    yield "FlagClient", lambda subject, attributes: boolean(key, False, subject, attributes)

    flags = {
        name: InMemoryFlag("off", {"on": True, "off": False}, context_evaluator=in_memory(name))
        for name in DOCUMENT["flags"]
    }
    api.set_provider_and_wait(InMemoryProvider(flags))
    ask = api.get_client().get_boolean_value
    yield (
        "OpenFeature SDK, InMemoryProvider",
        lambda subject, attributes: ask(key, False, EvaluationContext(subject, attributes)),
    )


def nothing(subject: str, attributes: dict[str, object]) -> None:
    """Cost what the loop itself costs."""


def nanoseconds(call: Callable[[str, dict[str, object]], object], calls: int) -> float:
    """Return CPU time per call of this thread, in ns."""
    subjects = (SUBJECTS * (calls // USERS + 1))[:calls]
    start = time.thread_time_ns()
    for subject, attributes in subjects:
        call(subject, attributes)
    return (time.thread_time_ns() - start) / calls


def measure(key: str) -> dict[str, float]:
    """Return the median ns of each candidate, rounds interleaved, the loop taken off."""
    measured = dict(candidates(key))
    samples: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(ROUNDS):
        loop = nanoseconds(nothing, CALLS)
        for name, call in measured.items():
            calls = CALLS if "SDK" not in name else CALLS // 5
            samples[name].append(nanoseconds(call, calls) - loop)
    return {name: statistics.median(times) for name, times in samples.items()}


def main() -> None:
    gc.disable()
    heads = f"{'engine':>10}{'FlagClient':>12}{'SDK in-memory':>15}{'ratio':>8}"
    print(f"{'ns per evaluation':<18}{heads}")
    for key in DOCUMENT["flags"]:
        engine, client, sdk = measure(key).values()
        print(f"{key:<18}{engine:>10.0f}{client:>12.0f}{sdk:>15.0f}{sdk / client:>7.1f}x")
    print("ratio: OpenFeature SDK with InMemoryProvider over FlagClient, through public calls")


if __name__ == "__main__":
    main()
