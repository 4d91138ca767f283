"""What an installation may choose: read once, from the command line and the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How one server runs.

    data         folder of the store, where it is one that lies in a folder; made if it is missing.
    store        name of a store adapter (entry point group `phasegate.stores`), or a URL whose
                 scheme is one: postgresql://user@host/database. May hold a password: not shown.
    environment  whose flags are served to applications that name none.
    grpc_port    where flagd's sync protocol is served; None: it is not, 0: any port that is free.
    otlp_grpc_port  where OTLP is taken over gRPC; None: it is not, 0: any port that is free.
    grpc_open    whoever reaches that port is served, without a token.
    flag_rate    evaluations that one token may ask for each second; None: as many as it likes.
    origins      pages of these origins may evaluate flags from a browser, like https://a.example.
    keep_output  findings hold the end of what commands print; it must name no patient then.
    plans        below this folder alone a plan's steps may open files and start commands.
    minutes_after, hours_after  age at which tallies are packed by the minute, and by the hour.
    """

    data: Path
    store: str = "sqlite"
    host: str = "127.0.0.1"
    port: int = 8080
    environment: str = "production"
    grpc_port: int | None = None
    grpc_open: bool = False
    otlp_grpc_port: int | None = None
    flag_rate: float | None = None
    origins: tuple[str, ...] = ()
    keep_output: bool = False
    plans: Path = Path()
    minutes_after: timedelta = timedelta(hours=1)
    hours_after: timedelta = timedelta(days=1)

    @property
    def adapter(self) -> str:
        """The name of the store's adapter."""
        return self.store.partition(":")[0]

    @property
    def place(self) -> str:
        """Where the store is, as it may be shown."""
        if "://" not in self.store:
            return str(self.data)
        host = self.store.partition("://")[2].rpartition("@")[2].partition("?")[0]
        return f"{self.adapter}://{host}"

    @property
    def url(self) -> str:
        """Where this server reaches itself."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 compared
        return f"http://{host}:{self.port}"
