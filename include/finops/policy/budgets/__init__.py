"""Budgets: ``budgets.yml``.

``budgets`` holds a cost centre's amounts per month, which statements are held against; ``tree`` holds budgets of any
scope in a tree, ``kpis`` those of KPIs. ``load`` returns the first, as builds and statements read them; ``lines`` all
of them, as they are evaluated.
"""

from finops.policy.budgets.entries import FILE, Budget, load
from finops.policy.budgets.lines import Configured, lines
from finops.policy.budgets.mirrors import Mirror
from finops.policy.budgets.models import Action, ActionRule, Kpi, Line, Measure, Threshold

__all__ = [
    "FILE",
    "Action",
    "ActionRule",
    "Budget",
    "Configured",
    "Kpi",
    "Line",
    "Measure",
    "Mirror",
    "Threshold",
    "lines",
    "load",
]
