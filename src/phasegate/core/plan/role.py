"""What people and applications may do."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a person, or an application, may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    SAFETY_OFFICER = "safety_officer"
    ADMIN = "admin"
    APPLICATION = "application"
