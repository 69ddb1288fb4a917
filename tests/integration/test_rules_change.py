"""Rules that name owners change after a month was closed: the month is resolved again, and its statements stay."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from finops.chargeback import service as chargeback
from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.policy import tags
from finops.quality.service import check
from finops.sample.service import generate
from finops.stores.published import latest
from finops.transform.publish import publish
from finops.transform.service import build

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)
EVERYTHING = """
rules:
  - id: everything
    version: 2
    set: {cost-center: cc-4242}
    when: {charge_category: Usage}
    overrides: always
"""
HALVES = """
  - id: halves-of-research
    version: 1
    description: What Research runs is half for Product and half for Support.
    select: {cost_center: cc-1001}
    split: {method: fixed, shares: {cc-1002: 0.5, cc-1004: 0.5}}
"""


@pytest.fixture
def company(tmp_path: Path) -> Settings:
    """Two published months, with a configuration that the test may change."""
    config = tmp_path / "config"
    shutil.copytree(Settings().configuration_dir, config)
    (config / "invoices.yml").unlink()
    settings = Settings(home=tmp_path / "home", config_dir=config)
    generate(tmp_path / "bills", months=2, lines_per_month=2_000, providers=[Provider.AWS], first_period=JANUARY)
    ingest(settings, Provider.AWS, str(tmp_path / "bills" / "aws"))
    _publish(settings, None)
    return settings


def _publish(settings: Settings, periods: list[BillingPeriod] | None) -> None:
    assert build(settings, periods) is not None
    assert check(settings).passed
    publish(settings)


def _owners(settings: Settings, mart: str, period: BillingPeriod) -> dict[str, Decimal]:
    where = "where entry_kind = 'direct' and" if mart == "mart_allocated_costs" else "where"
    with latest(settings).connect() as connection:
        query = f"select cost_center, sum(billed_cost) from {mart} {where} billing_period = ? group by 1"
        return dict(connection.execute(query, [str(period)]).fetchall())


def _files(settings: Settings, period: BillingPeriod) -> dict[str, bytes]:
    folder = (settings.statements_dir / f"billing_period={period}").resolve()
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_closed_month_s_statements_stay_when_its_owners_change_and_the_next_month_shows_it(
    company: Settings, tmp_path: Path
) -> None:
    chargeback.publish(company, JANUARY)
    posted = chargeback.write_journal(company, JANUARY, tmp_path / "open.csv")
    assert {each.kind for each in posted.entries} == {"CB", "CS"}
    chargeback.close(company, JANUARY, "Ann Lee")
    before, files = _owners(company, "fct_daily_costs", JANUARY), _files(company, JANUARY)
    assert latest(company).resolved_otherwise(tags.load(company).digest) == []

    (company.configuration_dir / "virtual_tags.yml").write_text(EVERYTHING, encoding="utf-8")
    outdated = latest(company).resolved_otherwise(tags.load(company).digest)
    assert outdated == ["aws/2025-01", "aws/2025-02"], "the months to resolve again are named"
    assert build(company) is None, "a changed rule moves nothing by itself"
    _publish(company, [JANUARY])

    after = _owners(company, "fct_daily_costs", JANUARY)
    assert sum(after.values()) == sum(before.values()), "rules move cost, and make none"
    assert after["cc-4242"] > 0
    assert "cc-4242" not in before
    for mart in ("mart_chargeback", "mart_allocated_costs"):
        assert _owners(company, mart, JANUARY) == after, f"{mart} goes by the resolved owners"
    assert latest(company).resolved_otherwise(tags.load(company).digest) == ["aws/2025-02"]
    assert chargeback.months_to_write(company, JANUARY) == [FEBRUARY]
    chargeback.publish(company, JANUARY)
    chargeback.publish(company, FEBRUARY)
    assert _files(company, JANUARY) == files
    february = b"".join(v for name, v in _files(company, FEBRUARY).items() if name.endswith(".csv"))
    assert b"cc-4242" in february, "February's statements adjust January for its new owner"

    assert chargeback.write_journal(company, JANUARY, tmp_path / "closed.csv").sha256 == posted.sha256
    later = chargeback.write_journal(company, FEBRUARY, tmp_path / "february.csv")
    assert {each.kind for each in later.entries} == {"CB", "CS", "CA"}, "its own shared cost, and January's new owner"


def test_a_rule_for_shared_cost_written_after_the_build_keeps_the_month_open_until_it_is_built_again(
    company: Settings,
) -> None:
    file = company.configuration_dir / "allocation.yml"
    file.write_text(file.read_text(encoding="utf-8") + HALVES, encoding="utf-8")

    with pytest.raises(Finding, match=r"the shared cost of aws/2025-01 .* `finops build --billing-period 2025-01` and"):
        chargeback.close(company, JANUARY, "Ann Lee")
    assert chargeback.closed_months(company) == {}
    _publish(company, [JANUARY])
    chargeback.close(company, JANUARY, "Ann Lee")

    statement = (company.statements_dir / "billing_period=2025-01" / "cc-1002" / "shared.csv").read_text("utf-8")
    assert "halves-of-research" in statement
    with pytest.raises(Finding, match=r"aws/2025-02"):
        chargeback.close(company, FEBRUARY, "Ann Lee")
