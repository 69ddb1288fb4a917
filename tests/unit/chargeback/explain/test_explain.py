"""``explain`` of a version that is older than the rules' sources says what to run."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.statement.facts import AllocationEntry
from finops.chargeback.statement.read import MADE_FOR_STATEMENTS, read_month
from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.published import latest

JUNE = BillingPeriod(2026, 6)
BILLS = [bill("2026-06-03", "10"), bill("2026-06-04", "4", cost_center="(unallocated)", charge_category="Tax")]


def entry(owner: str, kind: str, amount: str) -> AllocationEntry:
    cost = Decimal(amount)
    return AllocationEntry(owner, "aws", "USD", kind, "tax", 1, "abc", "(several)", None, None, cost, cost)


@pytest.fixture
def published(settings: Settings) -> Settings:
    moved = [entry("cc-1001", "pool", "4"), entry("(unallocated)", "offset", "-4")]
    publish_version(settings, BILLS, moved={str(JUNE): moved})
    service.publish(settings, JUNE)
    return settings


def test_a_line_of_a_rule_whose_sources_were_not_kept_says_what_to_run(published: Settings) -> None:
    line = entry("cc-1001", "pool", "4").line_id
    says = r"did not keep the sources of rule tax in 2026-06; run `finops build --billing-period 2026-06`$"
    with pytest.raises(NotReady, match=says):
        service.explain(published, "2026-06/cc-1001", line)


def test_a_line_of_a_version_of_an_older_release_is_explained_from_the_latest(published: Settings) -> None:
    """The older one lacks the marts that statements are read from; the latest here lacks whose its lines are."""
    before = latest(published)
    marts = [each for each in before.marts if each not in MADE_FOR_STATEMENTS]
    (line,) = (each.line_id for each in read_month(before, JUNE).charges if each.cost_center == "cc-1001")
    (before.path / "manifest.json").write_text(json.dumps(before.manifest | {"marts": marts}))
    publish_version(published, BILLS, build_id="build-2")
    with pytest.raises(NotReady, match="build build-2 did not keep whose the lines of aws 2026-06 are"):
        service.explain(published, "2026-06/cc-1001", line)


def test_a_line_or_statement_that_does_not_exist_is_bad_use(published: Settings) -> None:
    with pytest.raises(BadInput, match="2026-06/cc-1001 has no line s123"):
        service.explain(published, "2026-06/cc-1001", "s123")
    with pytest.raises(BadInput, match="there is no statement 'cc-9' of 2026-06; there are company, cc-1001"):
        service.explain(published, "2026-06/cc-9", "s123")
