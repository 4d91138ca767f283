"""An application that can be made slow to confirm what it was told."""

from __future__ import annotations

import contextlib
import json
import threading

import httpx

from phasegate.drills.processes import PATIENCE_S, Broken, ServerProcess


class SlowApplication:
    """Holds a stream open; from `hold` to `confirm` it does not say that flags are in force.

    leased_until   when its lease ends, on the monotonic clock of this machine, which is the
                   server's too.
    """

    def __init__(self, server: ServerProcess, token: str, name: str = "slow") -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=f"{server.url}/flags/v1/", headers=headers, timeout=60.0, trust_env=False
        )
        self._asked = {"environment": "drill", "name": name}
        self._first = threading.Event()
        self._stream = ""
        self._holds = False
        self.version = -1
        self.leased_until = 0.0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if not self._first.wait(PATIENCE_S):
            raise Broken(f"application {name} got no flags")

    def hold(self) -> None:
        """Confirm nothing from now on."""
        self._holds = True

    def confirm(self) -> None:
        """Say that everything that came is in force, now and from now on."""
        self._holds = False
        self._acknowledge()

    def close(self) -> None:
        """Leave with a goodbye."""
        with contextlib.suppress(httpx.HTTPError):
            self._http.delete(f"streams/{self._stream}")
        self._thread.join(5)
        self._http.close()

    def _acknowledge(self) -> None:
        answer = self._http.post(f"streams/{self._stream}/ack", json={"version": self.version})
        answer.raise_for_status()

    def _listen(self) -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            self._http.stream("GET", "stream", params=self._asked) as response,
        ):
            event = ""
            for line in response.iter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._take(event, json.loads(line.removeprefix("data: ")))

    def _take(self, event: str, data: dict[str, object]) -> None:
        if event == "hello":
            self._stream = str(data["stream"])
        elif event == "lease":
            self.leased_until = (int(str(data["sent_ms"])) + int(str(data["remaining_ms"]))) / 1000
        elif event == "document":
            self.version = int(str(data["version"]))
            if not self._holds:
                self._acknowledge()
            self._first.set()
