"""The rules of a closed month: the configuration its statements and journal were made by, kept beside its rows.

``closed/billing_period=YYYY-MM/rules/`` holds the files as they were, and the month's driver quantities. Their digests
stand in the month's record and in the manifest of its statements.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

from finops.chargeback.month import changed_budgets
from finops.chargeback.statement.facts import PublishedMonth
from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import accounts, allocation, budgets, cost_centers, tags
from finops.policy.allocation.drivers import COLUMNS, OPTIONAL, Quantity, quantities
from finops.policy.tags import POLICY_FILE, RULES_FILE
from finops.stores.published import Publication
from finops.stores.state.closing import RULES

FILES = (allocation.FILE, budgets.FILE, cost_centers.FILE, accounts.FILE, POLICY_FILE, RULES_FILE)
QUANTITIES = "quantities.csv"

Texts = Mapping[str, bytes]


def read(settings: Settings, publication: Publication, month: PublishedMonth) -> Texts:
    """Return the files that a month about to be closed depends on, by name; one that is not there is left out.

    Raise BadInput for an invalid file; Finding when the month was built by other rules than these.
    """
    folder = settings.configuration_dir
    texts = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    period = month.billing_period
    policy = tags.load(settings).digest if POLICY_FILE in texts else ""
    others = [name for name in publication.resolved_otherwise(policy) if name.endswith(f"/{period}")]
    if others:
        what = f"the policy for the tags of {', '.join(others)}"
        raise _built_otherwise(period, what, f"{POLICY_FILE} and {RULES_FILE}")
    if changed_budgets(settings, month):
        raise _built_otherwise(period, "what cost is held against", budgets.FILE)
    used = _allocated(settings, publication, month)
    if accounts.FILE in texts:
        accounts.load(settings)
    if used:
        written = io.StringIO(newline="")
        writer = csv.writer(written)
        writer.writerow((*COLUMNS, *OPTIONAL))
        writer.writerows((q.billing_period, q.cost_center, q.driver, f"{q.quantity:f}", q.provider or "") for q in used)
        texts[QUANTITIES] = written.getvalue().encode()
    return texts


def _allocated(settings: Settings, publication: Publication, month: PublishedMonth) -> list[Quantity]:
    """Return the quantities of a month whose shared cost was divided by the rules as they are, and by these.

    Rules that moved nothing count too: one written since the build would have no entry that tells of it.
    """
    period, rules = month.billing_period, allocation.load(settings)
    known = {(each.id, each.digest) for each in (*rules.pools, *rules.prices)}
    for entry in month.entries:
        if (entry.rule_id, entry.rule_digest) not in known:
            what = f"rule {entry.rule_id}, version {entry.rule_version}, of shared cost"
            raise _built_otherwise(period, what, allocation.FILE)
    used = quantities(settings, rules, [str(period)])
    if others := publication.allocated_otherwise(allocation.digest(rules, used, str(period)), period):
        what, files = f"the shared cost of {', '.join(others)}", f"{allocation.FILE} and the files of its drivers"
        raise _built_otherwise(period, what, files)
    return used


def _built_otherwise(period: BillingPeriod, what: str, files: str) -> Finding:
    return Finding(
        f"billing period {period}: {what} was decided by other text than {files} has now; run `finops build "
        f"--billing-period {period}` and close then, or put that text back: what is frozen is what was applied"
    )


def digests(texts: Texts) -> dict[str, str]:
    """Return the sha256 of each file."""
    return {name: hashlib.sha256(text).hexdigest() for name, text in sorted(texts.items())}


def freeze(folder: Path, texts: Texts) -> dict[str, str]:
    """Write the files below a closed month's folder; return the sha256 of each by its path there."""
    (folder / RULES).mkdir()
    for name, text in texts.items():
        (folder / RULES / name).write_bytes(text)
    return {f"{RULES}/{name}": digest for name, digest in digests(texts).items()}
