from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

SERVE = (sys.executable, "-m", "phasegate.cli.main", "serve", "--port", "0", "--json")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start servers on one store; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*SERVE, "--data", str(tmp_path / "pg"), "--environment", "demo"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        text += line
    answer: dict[str, str] = json.loads(text)
    return answer


@pytest.mark.e2e
def test_a_server_gives_a_first_token_serves_and_ends_cleanly(
    serve: Callable[[], subprocess.Popen[str]], alone: Callable[..., Result]
) -> None:
    process = serve()
    url = ready(process)["url"]

    wait_for(lambda: alone("health", "--server", url).exit_code == 0)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)

    assert process.returncode == 0
    assert log.count("export PHASEGATE_TOKEN=pg_") == 1

    again = serve()
    secret = log.partition("PHASEGATE_TOKEN=")[2].split()[0]
    listed = alone("run", "list", "--server", ready(again)["url"], "--token", secret)
    again.send_signal(signal.SIGTERM)
    _, log = again.communicate(timeout=60)

    assert listed.exit_code == 0
    assert "PHASEGATE_TOKEN" not in log


@pytest.mark.e2e
def test_a_server_that_is_asked_to_end_gives_up_its_steps_and_the_next_carries_them_out(
    tmp_path: Path, serve: Callable[[], subprocess.Popen[str]], alone: Callable[..., Result]
) -> None:
    slow = tmp_path / "plan" / "slow.py"
    slow.parent.mkdir()
    slow.write_text("open('begun', 'a').write('x')\nimport time\ntime.sleep(300)\n")
    plan = (Path(__file__).parents[2] / "plans/checkout.yaml").read_text()
    begin = plan.index("    before:") if "    before:" in plan else plan.index("    components:")
    steps = f"    before:\n      - run: {sys.executable} slow.py\n"
    (slow.parent / "plan.yaml").write_text(plan[:begin] + steps + plan[begin:])
    begun = slow.parent / "begun"

    process = serve()
    url = ready(process)["url"]
    secret = alone("token", "create", "ada", "--role", "operator", "--data", str(tmp_path / "pg"))
    asked = ("run", "start", str(slow.parent / "plan.yaml"), "--environment", "demo")
    started = alone(*asked, "--server", url, "--token", secret.stdout.strip())
    assert started.exit_code == 0, started.output
    wait_for(lambda: begun.exists() and begun.read_text() == "x")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)  # its step would take 300 s
    again = serve()
    ready(again)
    wait_for(lambda: begun.read_text() == "xx")
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=60)

    assert (process.returncode, again.returncode) == (0, 0)


ENDED_WHILE_IT_BEGINS = """
import os, signal, sys
from pathlib import Path
from phasegate.server.app import Server
from phasegate.server.run import listen, run
from phasegate.settings import Settings

listener = listen("127.0.0.1", 0)
settings = Settings(data=Path(sys.argv[1]), port=listener.getsockname()[1])
server = Server(settings)
run(server, listener, lambda: os.kill(os.getpid(), signal.SIGTERM))
print("decides still" if server.engine._loop.is_alive() else "ended")
"""


@pytest.mark.e2e
def test_a_server_that_is_asked_to_end_while_it_begins_ends_all_that_it_began(
    tmp_path: Path,
) -> None:
    program = [sys.executable, "-c", ENDED_WHILE_IT_BEGINS, str(tmp_path)]

    done = subprocess.run(program, capture_output=True, text=True, timeout=110, check=True)

    assert done.stdout.endswith("ended\n")


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def test_an_address_that_is_taken_is_told(alone: Callable[..., Result]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = alone("serve", "--data", "pg", "--port", str(port))

    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use\n" in result.stderr
    assert "[address-unavailable]" in result.stderr
    assert not Path("pg").exists()


@pytest.mark.parametrize("host", ["nohost.invalid", "192.0.2.1"])
def test_an_address_of_no_own_is_told_what_to_give(host: str, alone: Callable[..., Result]) -> None:
    told = alone("serve", "--data", "pg", "--port", "0", "--host", host).stderr

    assert "Give --host an address of this machine, like 127.0.0.1.  [address-unavailable]" in told
    assert "while" not in told


def test_what_cannot_be_an_environment_is_served_to_nobody(alone: Callable[..., Result]) -> None:
    result = alone("serve", "--data", "pg", "--port", "0", "--environment", "a b")

    assert result.exit_code == 2
    assert "'a b' cannot be the name of an environment" in result.stderr
    assert "[environment-form]" in result.stderr


def test_plans_are_looked_for_in_a_folder_that_is_there(alone: Callable[..., Result]) -> None:
    assert alone("serve", "--data", "pg", "--port", "0", "--plans", "nowhere").exit_code == 2
