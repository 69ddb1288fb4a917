"""The entry point to chargeback: for the commands, the pipelines and the DAG tasks.

Each function is documented where it is written.
"""

from __future__ import annotations

from finops.chargeback.close.adopt import adopt
from finops.chargeback.close.close import CloseReport, close
from finops.chargeback.explain.explain import explain
from finops.chargeback.explain.models import Explanation
from finops.chargeback.invoices.check import check as check_invoices
from finops.chargeback.invoices.check import sign_off
from finops.chargeback.journal.write import write as write_journal
from finops.chargeback.publish.drafts import Draft, Plan, complete, plan, render
from finops.chargeback.publish.outdated import outdated
from finops.chargeback.publish.publish import months_to_write, publish
from finops.stores.closed_files import closed_months

__all__ = [
    "CloseReport",
    "Draft",
    "Explanation",
    "Plan",
    "adopt",
    "check_invoices",
    "close",
    "closed_months",
    "complete",
    "explain",
    "months_to_write",
    "outdated",
    "plan",
    "publish",
    "render",
    "sign_off",
    "write_journal",
]
