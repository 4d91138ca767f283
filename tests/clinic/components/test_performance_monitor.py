from clinic.components.performance_monitor import LastThousand, Persistent, Reading
from clinic.database import Database


def test_the_old_monitor_forgets_what_is_a_thousand_readings_ago():
    monitor = LastThousand()
    monitor.record(Reading("local-fast", 9000.0, False, 0))
    for _ in range(1000):
        monitor.record(Reading("local-fast", 1.0, True, 0))

    assert monitor.summary().failed == 0


def test_the_new_monitor_survives_a_restart_and_sees_the_slow_ones(tmp_path):
    path = str(tmp_path / "clinic.sqlite3")
    before = Database(path)
    for took in (*[1.0] * 90, *[400.0] * 10):
        Persistent(before).record(Reading("local-deep", took, took < 2, 0))
    before.close()

    after = Database(path)
    summary = Persistent(after).summary()
    after.close()

    assert (summary.answers, summary.failed, summary.p95_ms) == (100, 10, 500.0)
