"""The typed client: flags in memory, evaluated in well under a microsecond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from phasegate.client.inforce import InForce, Notice
from phasegate.client.stream import Stream
from phasegate.flags.resolution import Resolution

_NO_ATTRIBUTES: Mapping[str, object] = MappingProxyType({})


class FlagClient:
    """Evaluates the flags of one environment; connects in the background and stays connected.

    A lost server changes nothing but that flags on trial end with their lease. Any thread may
    evaluate. Close it when the application ends, or use it as a context manager.
    """

    def __init__(
        self,
        url: str,
        environment: str,
        token: str | None = None,
        *,
        name: str = "",
        on_news: Callable[[Notice], None] | None = None,
    ) -> None:
        """Connect to the control plane at `url`.

        name     what people see the application as; the host's name by default.
        on_news  is called on the stream's thread and must return soon.
        """
        self._held = InForce(on_news)
        self._stream = Stream(url, environment, token, name, self._held)
        self._stream.start()

    def evaluate(
        self,
        key: str,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> Resolution:
        """Return what the flag is for this subject. Never waits; what fails is an error code."""
        return self._held.evaluate(key, targeting_key, attributes or _NO_ATTRIBUTES)

    def boolean(
        self,
        key: str,
        default: bool,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> bool:
        """Return a boolean flag; `default` where there is none, or it is no boolean."""
        value = self._held.evaluate(key, targeting_key, attributes or _NO_ATTRIBUTES).value
        return value if value is True or value is False else default

    def wait_ready(self, timeout: float) -> bool:
        """Wait until flags are in force, at most `timeout` seconds; say whether they are."""
        return self._held.ready.wait(timeout)

    @property
    def version(self) -> int:
        """The version in force; 0 before the first."""
        return self._held.version

    def close(self) -> None:
        """Say goodbye. Flags on trial are off from here on, the others stay as they are."""
        self._held.lease_ended()
        self._stream.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
