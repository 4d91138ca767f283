"""A command as a check: exit codes, output, its environment, and all ways not to run it."""

from __future__ import annotations

import os
import select
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from phasegate.adapters.checks.command import MOST_SHOWN, CommandCheck
from phasegate.ports import Exercise, Unavailable


def run(program: str, folder: Path, deadline_s: float = 60, **variables: str) -> Exercise:
    """Run a Python program as a step's command."""
    options = {"command": shlex.join([sys.executable, "-c", program]), "directory": str(folder)}
    options |= {f"env.{name}": value for name, value in variables.items()}
    check = CommandCheck({"PHASEGATE_URL": "http://127.0.0.1:1"}, keeps_output=True)
    return check.exercise(options, deadline_s)


def default(program: str, folder: Path) -> Exercise:
    """Run it where nobody has said that all output may be kept."""
    line = shlex.join([sys.executable, "-c", program])
    return CommandCheck().exercise({"command": line, "directory": str(folder)}, 60)


def test_what_a_command_prints_is_not_kept_unless_somebody_says_so(tmp_path: Path) -> None:
    passed = default("print('patient 4711'); print('is well')", tmp_path)
    failed = default("print('patient 4711 is missing'); raise SystemExit(2)", tmp_path)

    assert passed.seen == "2 lines of output not kept"
    assert failed.seen == "exit code 2: 1 line of output not kept"


def test_lines_that_are_meant_to_be_kept_are(tmp_path: Path) -> None:
    found = default("print('patient 4711'); print('phasegate: all 7 tables are there')", tmp_path)

    assert found.seen == "all 7 tables are there | 1 line of output not kept"


def test_what_our_own_commands_say_is_kept(tmp_path: Path) -> None:
    options = {"command": "phasegate --version", "directory": str(tmp_path)}

    assert CommandCheck().exercise(options, 60).seen.startswith("phasegate 0.")


class Family:
    """A command that starts a child; both hold a pipe open for as long as they live."""

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "alive"
        os.mkfifo(self._pipe)
        # Held open for reading from the start, so that nobody waits for anybody to open it.
        self._reading = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        hold = (
            "import sys, time; held = open(sys.argv[1], 'w'); print('here', file=held, flush=True)"
        )
        child = f"{hold}; time.sleep(300)"
        start = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}, sys.argv[1]])"
        self.line = shlex.join([sys.executable, "-c", f"{hold}; {start}", str(self._pipe)])

    def wait_for_both(self) -> None:
        """Wait until the child runs as well."""
        told = b""
        while told.count(b"here") < 2:
            part = self._read()
            assert part, "they have ended"
            told += part

    @property
    def began(self) -> bool:
        """Whether the child came to run; what it said is read."""
        return self._said().count(b"here") == 2

    def wait_for_the_end(self) -> None:
        """Wait until neither runs: the pipe ends with the last who holds it."""
        while self._read():
            pass

    def _said(self) -> bytes:
        told = b""
        while select.select([self._reading], [], [], 0)[0] and (part := os.read(self._reading, 99)):
            told += part
        return told

    def _read(self) -> bytes:
        assert select.select([self._reading], [], [], 60)[0], "they say nothing and do not end"
        return os.read(self._reading, 99)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    made = Family(tmp_path)
    yield made
    os.close(made._reading)


def test_a_stop_ends_commands_with_all_they_started_and_says_nothing_of_health(
    tmp_path: Path, family: Family
) -> None:
    check = CommandCheck()
    options = {"command": family.line, "directory": str(tmp_path)}

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(check.exercise, options, 200)
        family.wait_for_both()
        check.stop()
        with pytest.raises(Unavailable, match="since the server was"):
            running.result(60)
    family.wait_for_the_end()

    with pytest.raises(Unavailable, match="since the server was"):
        check.exercise(options, 200)


def test_exit_code_zero_passes_with_what_the_command_said(tmp_path: Path) -> None:
    found = run("print('all 7 tables are there')", tmp_path)

    assert (found.passed, found.exercised) == (True, 1)
    assert found.seen == "all 7 tables are there"


def test_a_silent_success_says_so(tmp_path: Path) -> None:
    assert run("", tmp_path).seen == "exit code 0, no output"


def test_any_other_exit_code_fails_with_code_output_and_remedy(tmp_path: Path) -> None:
    found = run("import sys; print('no database', file=sys.stderr); sys.exit(3)", tmp_path)

    assert found.passed is False
    assert found.seen == "exit code 3: no database"
    assert "by hand" in found.remedy


def test_a_command_that_is_killed_fails(tmp_path: Path) -> None:
    found = run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path)

    assert found.passed is False
    assert found.seen.startswith("exit code -9")


def test_of_a_long_output_the_end_is_kept(tmp_path: Path) -> None:
    found = run("[print(f'line {n}') for n in range(1000)]; raise SystemExit(1)", tmp_path)

    assert found.seen.endswith("line 998 | line 999")
    assert len(found.seen) < MOST_SHOWN + 50


def test_of_one_long_line_the_end_is_kept(tmp_path: Path) -> None:
    found = run("print('x' * 5000 + ' no database'); raise SystemExit(1)", tmp_path)

    assert found.seen.endswith("no database")
    assert len(found.seen) < MOST_SHOWN + 50


def test_output_that_is_no_text_does_no_harm(tmp_path: Path) -> None:
    found = run(r"import sys; sys.stdout.buffer.write(b'\xff\x00 fine')", tmp_path)

    assert found.passed is True
    assert "fine" in found.seen


def test_it_runs_in_the_plans_folder_with_the_variables_it_is_given(tmp_path: Path) -> None:
    told = "import os; print(os.getcwd(), os.environ['CLINIC_URL'], os.environ['PHASEGATE_URL'])"

    found = run(told, tmp_path, CLINIC_URL="http://127.0.0.1:2")

    assert found.seen == f"{tmp_path} http://127.0.0.1:2 http://127.0.0.1:1"


def test_commands_beside_the_interpreter_are_found_first(tmp_path: Path) -> None:
    found = run("import os; print(os.environ['PATH'].split(os.pathsep)[0])", tmp_path)

    assert found.seen == str(Path(sys.executable).parent)


def test_it_gets_no_input(tmp_path: Path) -> None:
    assert run("print(repr(input()))", tmp_path).passed is False


def test_no_shell_reads_the_line(tmp_path: Path) -> None:
    options = {"command": "echo $HOME; touch made", "directory": str(tmp_path)}

    assert CommandCheck(keeps_output=True).exercise(options, 60).seen == "$HOME; touch made"
    assert not (tmp_path / "made").exists()


def test_a_command_that_takes_too_long_is_ended_and_says_nothing_of_health(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"did not end within 0.3 s"):
        run("import time; time.sleep(300)", tmp_path, deadline_s=0.3)


def test_what_a_late_command_has_started_is_ended_with_it(tmp_path: Path, family: Family) -> None:
    options = {"command": family.line, "directory": str(tmp_path)}
    for deadline_s in (0.4, 4, 40):  # until it was long enough for the child to begin
        with pytest.raises(Unavailable, match="did not end"):
            CommandCheck().exercise(options, deadline_s)
        if family.began:
            break
    else:
        pytest.fail("the child never began")

    family.wait_for_the_end()


@pytest.mark.parametrize("line", ["no-such-command-here --now", "/", "'unclosed", "", "a\x00b"])
def test_a_command_that_cannot_be_started_says_nothing_of_health(tmp_path: Path, line: str) -> None:
    with pytest.raises(Unavailable):
        CommandCheck().exercise({"command": line, "directory": str(tmp_path)}, 60)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    options = {"command": "echo fine", "directory": str(tmp_path / "gone")}

    with pytest.raises(Unavailable, match="gone"):
        CommandCheck().exercise(options, 60)
