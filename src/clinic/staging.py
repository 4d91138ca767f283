"""Validation of a running clinic: every component's health, and one consultation there and back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx

from clinic.health import EXERCISES


@dataclass(frozen=True)
class Result:
    """What was tried, whether it held, and what was seen."""

    what: str
    passed: bool
    seen: str


def validate(url: str, timeout_s: float = 5.0) -> list[Result]:
    """Exercise a clinic over HTTP; an unreachable one fails every line."""
    with httpx.Client(base_url=url, timeout=timeout_s) as client:
        results = [_health(client, name) for name in EXERCISES]
        return [*results, _round_trip(client)]


@dataclass(frozen=True)
class Timing:
    """Quantiles of a consultation's time over HTTP, in ms."""

    p50_ms: float
    p95_ms: float


class NotServed(Exception):
    """A consultation was not answered, so nothing can be timed."""


def timed(url: str, consultations: int, timeout_s: float = 5.0) -> Timing:
    """Time consultations one after the other. Raises NotServed if one is not answered."""
    patient = f"timing-{uuid.uuid4().hex[:12]}"
    asked = {"patient": patient, "symptoms": "A runny nose for two days."}
    took: list[float] = []
    try:
        with httpx.Client(base_url=url, timeout=timeout_s) as client:
            client.post("/patients", json={"id": patient, "age": 30}).raise_for_status()
            for _ in range(consultations):
                answer = client.post("/consultations", json=asked).raise_for_status()
                took.append(answer.elapsed.total_seconds() * 1000)
    except httpx.HTTPError as error:
        raise NotServed(f"{url} did not answer a consultation ({type(error).__name__})") from error
    ranked = sorted(took)
    return Timing(ranked[len(ranked) // 2], ranked[int(0.95 * (len(ranked) - 1))])


def _health(client: httpx.Client, name: str) -> Result:
    try:
        answer = client.get(f"/health/components/{name}")
    except httpx.HTTPError as error:
        return Result(name, False, _silence(client, error))
    seen = "well" if answer.status_code == 200 else _why(answer)
    return Result(name, answer.status_code == 200, seen)


def _round_trip(client: httpx.Client) -> Result:
    name = "consultation"
    patient = f"staging-{uuid.uuid4().hex[:12]}"
    try:
        created = client.post("/patients", json={"id": patient, "age": 30})
        asked = {"patient": patient, "symptoms": "A runny nose for two days."}
        answered = client.post("/consultations", json=asked)
    except httpx.HTTPError as error:
        return Result(name, False, _silence(client, error))
    if created.status_code != 201 or answered.status_code != 201:
        return Result(name, False, f"{created.status_code} and {answered.status_code}, not 201")
    body = answered.json()
    if body["status"] != "answered" or body["emergency"] or not body["advice"]:
        return Result(name, False, f"a cold was answered with {body['status']}")
    return Result(name, True, f"answered by {body['model']}")


def _silence(client: httpx.Client, error: httpx.HTTPError) -> str:
    at = client.base_url.netloc.decode("ascii")
    return (
        f"no answer from {at} ({type(error).__name__}): start the clinic there, or set CLINIC_URL"
    )


def _why(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {answer.json().get('why', '')}".strip()
    except ValueError:
        return str(answer.status_code)
