"""The plan that is under way in every drill: two components, half of everybody each."""

from __future__ import annotations

PLAN = """
plan: drill
environment: drill
author: ben
subjects: patient
traffic: 6000/min
error_budget: 5%
unattended: withdraw after UNATTENDED
blind_for: BLIND
block: 1s
hazards:
  H1: {text: somebody comes to harm, guarded_by: [safety_critical]}
metrics:
  error_rate: {kind: share, bad: error}
  safety_critical: {kind: sentinel, event: safety.critical}
phases:
  alpha:
    title: Half of all
    week: 1
    risk: low
    lasts: 1h to 8h
    components:
      new_cart: 50%
      new_prices: 50%
    pass_when:
      - error_rate < 2%
      - no safety_critical
    roll_back_when:
      - error_rate > 5%
      - safety_critical
"""
