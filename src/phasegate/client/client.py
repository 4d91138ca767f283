"""The typed client: flags in memory, evaluated in well under a microsecond."""

from __future__ import annotations

import copy
import logging
import operator
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from phasegate.client import typed
from phasegate.client.cache import Cache
from phasegate.client.inforce import InForce, Notice
from phasegate.client.shadow import Shadows
from phasegate.client.stream import Stream
from phasegate.flags.resolution import Resolution
from phasegate.flags.variants import SHADOW

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

    from phasegate.client.shadow import Tell

NO_ATTRIBUTES: Mapping[str, object] = MappingProxyType({})

_log = logging.getLogger("phasegate.client")
_beginning = threading.Lock()

T = TypeVar("T")
V = TypeVar("V", int, float)


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
        cache: Path | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        """Connect to the control plane at `url`.

        name             what people see the application as; the host's name by default.
        on_news          is called on the stream's thread, or on the one that finds a lease run out,
                         and must return soon.
        cache            a file that keeps the last flags, for a start while the server is away.
        logger_provider  where shadows are told; OpenTelemetry's global one by default.
        """
        kept = Cache(cache, environment) if cache is not None else None
        self._held = InForce(on_news, kept)
        self._logger_provider = logger_provider
        self._environment = environment
        self._shadows: Shadows | None = None
        self._stream = Stream(url, environment, token, name, self._held)
        self._stream.start()

    def evaluate(
        self,
        key: str,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> Resolution:
        """Return what the flag is for this subject. Never waits; what fails is an error code."""
        return self._held.evaluate(key, targeting_key, attributes or NO_ATTRIBUTES)

    def boolean(
        self,
        key: str,
        default: bool,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> bool:
        """Return a boolean flag; `default` where there is none, or it is no boolean."""
        value = self._held.evaluate(key, targeting_key, attributes or NO_ATTRIBUTES).value
        return value if value is True or value is False else default

    def string(
        self,
        key: str,
        default: str,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> str:
        """Return a text flag; `default` where there is none, or it is no text."""
        value = self._held.evaluate(key, targeting_key, attributes or NO_ATTRIBUTES).value
        return value if isinstance(value, str) else default

    def integer(
        self,
        key: str,
        default: int,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> int:
        """Return a whole-number flag, 10.0 as 10; `default` where there is none such."""
        return self._typed(typed.integer, key, default, targeting_key, attributes)

    def number(
        self,
        key: str,
        default: float,
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> float:
        """Return a number flag; `default` where there is none such."""
        return self._typed(typed.number, key, default, targeting_key, attributes)

    def structure(
        self,
        key: str,
        default: Mapping[str, object],
        targeting_key: str | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> Mapping[str, object]:
        """Return a structured flag, the caller's own copy; `default` where there is none such."""
        value = self._held.evaluate(key, targeting_key, attributes or NO_ATTRIBUTES).value
        return copy.deepcopy(value) if isinstance(value, dict) else default

    def shadow(
        self,
        flag: str,
        old: Callable[[], T],
        new: Callable[[], T],
        targeting_key: str,
        attributes: Mapping[str, object] | None = None,
        *,
        same: Callable[[T, T], bool] = operator.eq,
    ) -> T:
        """Return what `old` answers; where the flag is in shadow for this subject, try `new` too.

        `new` runs at the same time in a small pool, in a copy of the caller's context. It may
        raise, hang or be asked too often: the caller notices nothing. Whether both agree by
        `same`, how long each took and what it raised is told as `phasegate.shadow` events. Both
        must bear running together, and `new` must change nothing that counts.
        """
        if self.boolean(f"{flag}{SHADOW}", False, targeting_key, attributes):
            shadows = self._shadows or self._begin_shadows()
            return shadows.run(flag, targeting_key, old, new, same)
        return old()

    async def shadow_async(
        self,
        flag: str,
        old: Callable[[], Awaitable[T]],
        new: Callable[[], Awaitable[T]],
        targeting_key: str,
        attributes: Mapping[str, object] | None = None,
        *,
        same: Callable[[T, T], bool] = operator.eq,
    ) -> T:
        """Do what `shadow` does with coroutines; `new` must not compute without ever waiting."""
        if self.boolean(f"{flag}{SHADOW}", False, targeting_key, attributes):
            shadows = self._shadows or self._begin_shadows()
            return await shadows.run_async(flag, targeting_key, old, new, same)
        return await old()

    @property
    def held(self) -> InForce:
        """What is in force; the provider evaluates it without a further call."""
        return self._held

    @property
    def shadows_left_out(self) -> int:
        """How many new paths were not run because the pool was full."""
        return self._shadows.left_out if self._shadows else 0

    def wait_ready(self, timeout: float) -> bool:
        """Wait until flags of the server are in force, at most `timeout` seconds.

        True as well where only flags that were kept on disk are: `version` and news tell which.
        """
        return self._held.ready.wait(timeout) or self._held.cached

    @property
    def connected(self) -> bool:
        """Whether flags have come from the server since the start."""
        return self._held.ready.is_set()

    @property
    def version(self) -> int:
        """The version in force; 0 before the first."""
        return self._held.version

    def close(self) -> None:
        """Say goodbye. Flags on trial are off from here on, the others stay as they are."""
        self._held.lease_ended()
        self._stream.close()
        if self._shadows is not None:
            self._shadows.close()

    def _typed(
        self,
        read: Callable[[object], V],
        key: str,
        default: V,
        targeting_key: str | None,
        attributes: Mapping[str, object] | None,
    ) -> V:
        value = self._held.evaluate(key, targeting_key, attributes or NO_ATTRIBUTES).value
        try:
            return read(value)
        except TypeError:
            return default

    def _begin_shadows(self) -> Shadows:
        with _beginning:
            if self._shadows is None:
                self._shadows = Shadows(_teller(self._logger_provider, self._environment))
            return self._shadows

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


def _teller(provider: LoggerProvider | None, environment: str) -> Tell:
    """Return what tells of shadows; without OpenTelemetry nothing can be told, which is logged."""
    try:
        from phasegate.client.tracking import emit_shadow  # noqa: PLC0415 an extra of its own
    except ImportError:
        _log.warning("shadows run but are not told: install phasegate[otel]")
        return _told_nowhere
    return emit_shadow(provider, environment)


def _told_nowhere(*_: object, **__: object) -> None:
    pass
