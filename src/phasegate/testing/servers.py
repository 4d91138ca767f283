"""Servers of one's own on loopback, for tests: a Prometheus and a MariaDB in folders of their own.

PostgreSQL stands in phasegate.testing.postgres, since drills need more of it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pymysql

from phasegate.testing.processes import free_ports

PATIENCE_S = 60.0


class Missing(Exception):
    """The server's programs are not installed; the message names the Debian package."""


@contextmanager
def prometheus(*, history: str = "", scrape: Sequence[str] = (), web: str = "") -> Iterator[str]:
    """Run a Prometheus and yield its URL, without the scheme where `web` brings TLS.

    history  OpenMetrics text with times, which it knows from the start.
    scrape   addresses (host:port) that it reads every second.
    web      its web configuration: TLS and basic authentication. Raises Missing.
    """
    program, tool = _program("prometheus", "prometheus"), _program("promtool", "prometheus")
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="phasegate-prometheus-") as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text(_scraping(scrape))
        data = folder / "data"
        if history:
            (folder / "history").write_text(history)
            written = ("tsdb", "create-blocks-from", "openmetrics", str(folder / "history"))
            _run(tool, *written, str(data))
        options = [
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        if web:
            (folder / "web.yml").write_text(web)
            options.append(f"--web.config.file={folder / 'web.yml'}")
        with _running(folder, program, *options) as process:
            address = f"127.0.0.1:{port}"
            _until(process, lambda: _ready(address, tls=bool(web)))
            yield address if web else f"http://{address}"


@contextmanager
def mariadb() -> Iterator[str]:
    """Run a MariaDB with an empty database `clinic` and yield its URL. Raises Missing."""
    program = _program("mariadbd", "mariadb-server")
    install = _program("mariadb-install-db", "mariadb-server")
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="phasegate-mariadb-") as name:
        folder = Path(name)
        data, place = folder / "data", folder / "socket"
        # As root it insists on being told whom to run as; in containers that is mostly root.
        whose = ["--user=root"] if os.geteuid() == 0 else []
        made = ("--auth-root-authentication-method=normal", "--skip-test-db")
        _run(install, "--no-defaults", f"--datadir={data}", *made, *whose)
        options = [
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={place}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--innodb-flush-log-at-trx-commit=0",
            *whose,
        ]
        with _running(folder, program, *options) as process:
            _until(process, lambda: _database_made(place))
            yield f"mariadb://phasegate:secret@127.0.0.1:{port}/clinic"


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    if found is None:
        raise Missing(f"{name} is not on this machine; on Debian: apt-get install {package}")
    return found


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/")


@contextmanager
def _running(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(process: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert process.poll() is None, "the server ended by itself"
        assert time.monotonic() < until, "the server does not answer"
        time.sleep(0.02)


def _scraping(targets: Sequence[str]) -> str:
    listed = ", ".join(f'"{target}"' for target in targets)
    every = "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
    jobs = f"scrape_configs: [{{job_name: clinic, static_configs: [{{targets: [{listed}]}}]}}]\n"
    return every + (jobs if targets else "")


def _ready(address: str, *, tls: bool) -> bool:
    scheme = "https" if tls else "http"
    try:
        # Whoever it is, is asked for a password: that is an answer too.
        answer = httpx.get(f"{scheme}://{address}/-/ready", verify=False, trust_env=False)  # noqa: S501 only whether it is there
    except httpx.HTTPError:
        return False
    return answer.status_code in (200, 401)


def _database_made(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(place)) != 0:
            return False
    connection = pymysql.connect(unix_socket=str(place), user="root")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE clinic")
        cursor.execute("CREATE USER phasegate@'%' IDENTIFIED BY 'secret'")
        cursor.execute("GRANT ALL ON clinic.* TO phasegate@'%'")
    return True
