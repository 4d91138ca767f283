"""The last document on disk, for an application that starts while the server is away."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from pathlib import Path

_log = logging.getLogger("phasegate.client")


class Cache:
    """One file with one environment's last document; what is wrong with it is never an error.

    What was on trial when it was written is off when it is read: there is no lease in a file.
    """

    def __init__(self, path: Path, environment: str) -> None:
        """path: a file that this application alone writes; its folder is made if it is missing."""
        self._path = path
        self._environment = environment

    def read(self) -> tuple[int, dict[str, object]] | None:
        """Return (version, document) as they were kept last, or None."""
        try:
            held = json.loads(self._path.read_bytes())
            version, document = held["version"], held["document"]
            if held["environment"] != self._environment:
                raise ValueError("it is of another environment")
            if not isinstance(version, int) or not isinstance(document, dict):
                raise TypeError("it has another shape")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            _log.warning("flags kept in %s cannot be used: %s", self._path, error)
            return None
        return version, document

    def keep(self, version: int, document: dict[str, object]) -> None:
        """Write a document; readers see the old file or the new one, never a part."""
        held = {"environment": self._environment, "version": version, "document": document}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(json.dumps(held, separators=(",", ":")).encode())
        except OSError as error:
            _log.warning("flags cannot be kept in %s: %s", self._path, error)

    def _replace(self, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
