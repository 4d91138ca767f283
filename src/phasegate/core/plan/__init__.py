"""What was agreed: a plan with its components, metrics, phases, gates and guards."""

from phasegate.core.plan.metric import (
    KNOW_SUBJECTS,
    Comparison,
    Condition,
    Metric,
    MetricKind,
    Predicate,
)
from phasegate.core.plan.pace import paced
from phasegate.core.plan.phase import (
    EVERYONE,
    Component,
    Mode,
    OnOutage,
    Phase,
    Risk,
    SignOffRule,
    Stage,
    Step,
    StepKind,
)
from phasegate.core.plan.plan import CaseSpec, CheckSpec, Hazard, Plan
from phasegate.core.plan.role import Role
from phasegate.core.plan.window import DAYS, Window

__all__ = [
    "DAYS",
    "EVERYONE",
    "KNOW_SUBJECTS",
    "CaseSpec",
    "CheckSpec",
    "Comparison",
    "Component",
    "Condition",
    "Hazard",
    "Metric",
    "MetricKind",
    "Mode",
    "OnOutage",
    "Phase",
    "Plan",
    "Predicate",
    "Risk",
    "Role",
    "SignOffRule",
    "Stage",
    "Step",
    "StepKind",
    "Window",
    "paced",
]
