"""Tag compliance for a person: check the policy, show figures, write work lists and repair plans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finops.core.atomic import write_whole
from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import tags
from finops.stores.published import Publication, latest
from finops.tagging import dry_run, read, repair, worklist
from finops.tagging.models import AmbiguousParents, Check, KeyCompliance, UnallocatedMonth


def check(settings: Settings, periods: Sequence[BillingPeriod]) -> Check:
    """Validate the policy, and say what it would change in the months asked for (all that are published).

    Raise BadInput, naming file, line and key, when the policy is invalid.
    """
    policy = tags.load(settings)
    sizes = (len(policy.keys), len(policy.parents), len(policy.account_labels), len(policy.rules))
    try:
        publication = latest(settings)
    except NotReady:
        return Check(*sizes, (), (), (), (), (), (), ())
    months = read.chosen(publication, periods or publication.billing_periods)
    shifts, idle, undecided = dry_run.compare(publication, months, policy)
    outdated = tuple(publication.resolved_otherwise(policy.digest))
    # A month that went by the policy as it is went by its parents, also where these were not recorded apart.
    inherited = tuple(name for name in publication.inherited_otherwise(policy.parents_digest) if name in outdated)
    ambiguous = tuple(read.ambiguous_parents(publication, months))
    return Check(*sizes, tuple(months), tuple(idle), tuple(undecided), tuple(shifts), outdated, inherited, ambiguous)


def compliance(
    settings: Settings, periods: Sequence[BillingPeriod], by: str
) -> tuple[list[KeyCompliance], list[UnallocatedMonth], list[AmbiguousParents]]:
    """Return what charges say of each key in these months (the last published), the burn-down of all months, and how
    many resources of these months name a parent that several could be.
    """
    if by not in read.SUBJECTS:
        raise BadInput(f"--by {by} is none of {', '.join(read.SUBJECTS)}")
    publication = latest(settings)
    months = read.chosen(publication, periods)
    ambiguous = read.ambiguous_parents(publication, months)
    return read.compliance(publication, months, by), read.burn_down(publication), ambiguous


def write_worklists(settings: Settings, period: BillingPeriod | None, folder: Path) -> list[tuple[str, str, int]]:
    """Write one CSV per likely owner of a month's violations (the last published); return owner, file and rows."""
    publication = latest(settings)
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"cannot write {folder}: it is a file")
    return worklist.write(read.violations(publication, _month(publication, period)), folder)


def write_repair(settings: Settings, period: BillingPeriod | None, out: Path, *, with_guesses: bool) -> repair.Plan:
    """Write the AWS calls that would repair a month's violations (the last published). Nothing is executed."""
    publication = latest(settings)
    found = read.violations(publication, _month(publication, period), "aws")
    plan = repair.plan(found, with_guesses=with_guesses)
    if out.is_dir():
        raise BadInput(f"cannot write {out}: it is a folder")
    write_whole(out, repair.script(plan))
    return plan


def _month(publication: Publication, period: BillingPeriod | None) -> BillingPeriod:
    return read.chosen(publication, [period] if period else [])[0]
