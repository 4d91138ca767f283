"""A control plane, a clinic and patients as real processes on loopback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from phasegate.testing.processes import BIN, Processes, Unexpected, free_ports

PLAN = Path(__file__).parents[2] / "plans" / "sihat-first-clinic.yaml"
PACE = 360.0
LEASE_S = 15 * 60 / PACE


class Town:
    """What the tests may do: start, kill, ask."""

    def __init__(self, folder: Path) -> None:
        self.processes = Processes(folder)
        self.data = folder / "phasegate"
        self.store = ("--data", str(self.data))
        self.port, self.clinic_port = free_ports(2)
        self.server = f"http://127.0.0.1:{self.port}"
        self.clinic = f"http://127.0.0.1:{self.clinic_port}"
        roles = {"ada": "operator", "sam": "safety_officer", "clinic": "application"}
        self.tokens = {name: self._token(name, role) for name, role in roles.items()}

    def open_control_plane(self) -> None:
        self.processes.spawn(
            *("control-plane", "phasegate", "serve", *self.store),
            *("--port", str(self.port), "--environment", "demo"),
        )
        ready = f"{self.server}/health/ready"
        self.processes.until("the control plane is ready", lambda: answers(ready))

    def open_clinic(self, rate: float, duration: float) -> None:
        self.processes.spawn(
            *("clinic", "clinic", "serve", "--port", str(self.clinic_port)),
            *("--database", str(self.processes.folder / "clinic.sqlite3")),
            *("--phasegate", self.server, "--environment", "demo", "--allow-defects"),
            environment={"PHASEGATE_TOKEN": self.tokens["clinic"]},
        )
        ready = f"{self.clinic}/health/ready"
        self.processes.until("the clinic is ready", lambda: answers(ready))
        self.processes.spawn(
            *("patients", "clinic", "traffic", "--url", self.clinic, "--rate", str(rate)),
            *("--duration", str(duration), "--patients", "100000", "--most-at-once", "20"),
        )

    def start_run(self) -> str:
        started = self.phasegate(
            *("run", "start", str(PLAN), "--environment", "demo", "--pace", str(PACE)),
            *("--endpoint", f"clinic={self.clinic}", "--json"),
        )
        return str(json.loads(started)["log"])

    def phasegate(self, *arguments: str, who: str = "ada") -> str:
        variables = {"PHASEGATE_URL": self.server, "PHASEGATE_TOKEN": self.tokens[who]}
        done = subprocess.run(
            [str(BIN / "phasegate"), *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise Unexpected(f"phasegate {arguments}: {done.stderr}")
        return done.stdout

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['ada']}"}
        return httpx.get(self.server + path, headers=headers, timeout=30).raise_for_status().json()

    def events(self, run: str) -> list[dict[str, Any]]:
        return list(self.get(f"/api/v1/runs/{run}/events")["events"])

    def until_event(self, run: str, kind: str, most_s: float = 60.0) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((event for event in self.events(run) if event["kind"] == kind), None)

        event = self.processes.until(f"{kind} in {run}", found, most_s)
        assert event
        return event

    def defect(self, name: str, *, on: bool) -> None:
        httpx.post(
            f"{self.clinic}/defects", json={"name": name, "on": on}, timeout=30
        ).raise_for_status()

    def newly_treated(self, patients: int = 40) -> int:
        """Count consultations in which any new version answered.

        The lease is short here, so a stall of the machine alone makes it nobody for a moment.
        """
        count = 0
        with httpx.Client(base_url=self.clinic, timeout=30) as client:
            for number in range(patients):
                name = f"probe-{number}"
                client.post("/patients", json={"id": name, "age": 40})
                body = {"patient": name, "symptoms": "A runny nose for two days."}
                answer = client.post("/consultations", json=body).raise_for_status()
                count += "new" in answer.json()["versions"].values()
        return count

    def _token(self, name: str, role: str) -> str:
        made = subprocess.run(
            [str(BIN / "phasegate"), "token", "create", name, "--role", role, *self.store],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return made.stdout.strip()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.processes.end()
