"""The alert rules that are shipped: Prometheus takes them, they fire, and name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docs/operate/prometheus-alerts.yml"
SOURCES = ("src/phasegate/engine/measures.py", "src/phasegate/wiring/engine.py")

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is not on this machine; on Debian: apt-get install prometheus",
)

STORY = """
rule_files: [RULES]
evaluation_interval: 5s
tests:
  - interval: 5s
    input_series:
      - {series: 'phasegate_undecided_seconds{instance="one"}', values: '0x11 5+5x20'}
      - {series: 'phasegate_decides{instance="one"}', values: '1x11 0x20'}
    alert_rule_test:
      - {eval_time: 55s, alertname: PhasegateNobodyDecides, exp_alerts: []}
      - eval_time: 80s
        alertname: PhasegateNobodyDecides
        exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {summary: 'No phasegate server has decided for 15 s', description: 'Guards are not judged. Exposure on trial goes back when its lease ends. /health/ready of each server says what keeps it from deciding.'}}]
      - {eval_time: 80s, alertname: PhasegateGone, exp_alerts: []}
  - interval: 5s
    input_series:
      - {series: 'phasegate_nobody_decides{instance="one"}', values: '1x20'}
      - {series: 'up{instance="one"}', values: '0x20'}
    alert_rule_test:
      - {eval_time: 20s, alertname: PhasegateGone, exp_alerts: []}
      - eval_time: 60s
        alertname: PhasegateGone
        exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {summary: 'No phasegate server answers', description: 'Nobody is left who could tell that nobody decides. Applications serve what they had, and the safe variant of what is on trial once its lease ends. Start a server.'}}]
  - interval: 5s
    input_series:
      - {series: 'phasegate_sentinels_after_end{instance="one",run="checkout-1"}', values: '0x12 1x20'}
      - {series: 'phasegate_sentinels_after_end{instance="two",run="checkout-1"}', values: '0x12 1x20'}
    alert_rule_test:
      - {eval_time: 55s, alertname: PhasegateSentinelAfterEnd, exp_alerts: []}
      - eval_time: 90s
        alertname: PhasegateSentinelAfterEnd
        exp_alerts: [{exp_labels: {severity: page, run: checkout-1}, exp_annotations: {summary: 'A sentinel was heard after its run has ended', description: 'What the run checkout-1 exposed is on for good and may do harm; nothing takes it back by itself. `phasegate run status checkout-1` says which component, and `phasegate flag kill` takes it from everybody.'}}]
"""  # noqa: E501 promtool wants texts as they are


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_it_is_alarmed_when_nobody_decides_and_when_nobody_is_there(tmp_path: Path) -> None:
    story = tmp_path / "story.yml"
    story.write_text(STORY.replace("RULES", str(RULES)))

    done = subprocess.run(
        ["promtool", "test", "rules", str(story)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_measure_that_a_rule_names_is_one_of_ours() -> None:
    named = set(re.findall(r"phasegate_\w+", RULES.read_text()))
    known = "".join((ROOT / source).read_text() for source in SOURCES)

    assert named
    assert {name for name in named if f'"{name}"' not in known} == set()
