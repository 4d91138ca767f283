import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing

import pytest

CLINIC = [sys.executable, "-m", "clinic.cli"]


@pytest.fixture
def url(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = str(tmp_path / "clinic.sqlite3")
    serve = ["serve", "--port", str(port), "--database", database, "--allow-defects"]
    with subprocess.Popen([*CLINIC, *serve]) as process:
        url = f"http://127.0.0.1:{port}"
        _until(lambda: _ready(url))
        yield url
        process.terminate()


def test_the_driver_sends_what_it_was_told_and_sums_up(url):
    asked = ["--rate=40", "--duration=3", "--patients=60", "--rating-delay=0.2", f"--url={url}"]

    done = subprocess.run(
        [*CLINIC, "traffic", *asked], capture_output=True, timeout=110, check=True
    )

    summary = json.loads(done.stdout)
    assert 70 < summary["visits"] < 180
    assert summary["answered"] == summary["visits"]
    assert summary["new_patients"] <= 60
    assert summary["ratings"] > 0.4 * summary["visits"]
    assert summary["content_ratings"] > 0.85 * summary["ratings"]
    assert summary["unreachable"] == 0


def test_patients_are_unhappy_with_errors_and_the_driver_ends_cleanly_when_told(url, tmp_path):
    defect = json.dumps({"name": "outage", "on": True}).encode()
    urllib.request.urlopen(f"{url}/defects", defect).close()
    asked = ["--rate=40", "--duration=60", "--rating-delay=0.1", f"--url={url}"]

    with subprocess.Popen([*CLINIC, "traffic", *asked], stdout=subprocess.PIPE) as driver:
        _until(lambda: _ratings(tmp_path / "clinic.sqlite3") >= 30)
        os.kill(driver.pid, signal.SIGTERM)
        summary = json.loads(driver.communicate(timeout=60)[0])

    assert driver.returncode == 0
    assert summary["failed"] == summary["visits"] > 0
    assert summary["content_ratings"] < 0.3 * summary["ratings"]


def test_patients_are_turned_away_where_more_would_be_there_at_once_than_was_asked_for(url):
    asked = ["--rate=2000", "--duration=1", "--most-at-once=2", f"--url={url}"]

    done = subprocess.run(
        [*CLINIC, "traffic", *asked], capture_output=True, timeout=110, check=True
    )

    summary = json.loads(done.stdout)
    assert summary["turned_away"] > 0
    assert summary["visits"] > 0
    assert 1500 < summary["visits"] + summary["turned_away"] < 2500


def test_a_running_clinic_passes_validation_and_an_absent_one_does_not(url):
    here, gone = _validate(url), _validate("http://127.0.0.1:1")

    assert (here.returncode, gone.returncode) == (0, 1)
    assert "8 exercised, 0 failed" in here.stdout
    assert "8 exercised, 8 failed" in gone.stdout


def _validate(url):
    command = [*CLINIC, "validate", "staging", f"--url={url}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


def _ready(url):
    try:
        urllib.request.urlopen(f"{url}/health/ready").close()
    except OSError:
        return False
    return True


def _ratings(database):
    with closing(sqlite3.connect(database, timeout=60)) as beside:
        return beside.execute("SELECT count(*) FROM ratings").fetchone()[0]


def _until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)
