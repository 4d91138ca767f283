"""A PostgreSQL of one's own: on loopback, in a folder that goes with it, for tests and drills."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql

OWNER = "phasegate"
MISSING = (
    "PostgreSQL's server programs are not on this machine; on Debian: apt-get install postgresql"
)

PATIENCE_S = 60.0
"""What anything may take where the deadline is not what is tried: a busy machine takes its time."""

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that do not end PostgreSQL the hard way."""


class NoPostgres(Exception):
    """The server programs are not installed."""


def programs() -> Path:
    """Return the folder of PostgreSQL's server programs, the newest. Raises NoPostgres."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(installed, key=lambda place: float(place.parent.name), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoPostgres(MISSING)


class Cluster:
    """One PostgreSQL server. Trusts whoever reaches it, which is this machine alone."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        """Make an empty cluster; `start` starts it. Raises NoPostgres."""
        self._programs = programs()
        self._user = _user()
        self._folder = Path(tempfile.mkdtemp(prefix="phasegate-postgres-"))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._settings = {"max_connections": "200", **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self.port = _free_port()
        self._run("initdb", "--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", OWNER)

    def __enter__(self) -> Cluster:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove its folder."""
        self.remove()

    @property
    def pid(self) -> int:
        """The process that all its others belong to."""
        assert self._process is not None, "it is not running"
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started, and neither stopped nor crashed since."""
        return self._process is not None

    def start(self) -> None:
        """Start it, or start it again; returns when it answers."""
        given = {**self._settings, "port": str(self.port), "listen_addresses": "127.0.0.1"}
        given["unix_socket_directories"] = ""
        options = [f"--{name}={value}" for name, value in given.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                group=_group(self._user),
                extra_groups=None if self._user is None else [],
            )
        _until_it_answers(self.url("postgres"), self._process)

    def crash(self) -> None:
        """End it at once, as a power cut would; what was committed is there after `start`."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """End it and remove all that it holds."""
        if self._process is not None:
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return where a database is."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make an empty database and return where it is."""
        self._databases += 1
        name = f"store_{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def schema(self, url: str) -> str:
        """Return all that a database is made of, as SQL, and the number of its schema."""
        dump = [str(self._programs / "pg_dump"), "--no-owner", "--schema-only", url]
        made = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
        with psycopg.connect(url) as connection:
            marked = connection.execute("SELECT to_regclass('phasegate_schema')").fetchone()
            numbers = (
                connection.execute("SELECT number, least FROM phasegate_schema").fetchall()
                if marked != (None,)
                else []
            )
        # Each dump carries a key of its own against what a dump may contain.
        lines = [line for line in made.splitlines() if not line.startswith(("\\restrict", "\\un"))]
        return "\n".join([*lines, f"-- {numbers}"])

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None, "it is not running"
        self._process.send_signal(how)
        self._process.wait(PATIENCE_S)
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), "-D", str(self._data), *arguments],
            check=True,
            capture_output=True,
            user=self._user,
            group=_group(self._user),
            extra_groups=None if self._user is None else [],
            cwd="/",
        )


def _user() -> str | None:
    """Return whom it must run as: PostgreSQL refuses to run as root. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _group(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.02)
