"""From published recommendations of providers to findings with an opinion beside them, and to some of their own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.published_resources import MARTS, publish_resources

from finops.core.settings import Settings
from finops.pipelines import rightsizing as pipeline
from finops.rightsizing import service
from finops.stores import published

MART = "mart_provider_recommendations"
_ROWS = """
    select 'aws' as provider, currency as billing_currency, recommendation_id, 'compute_optimizer' as recommended_by,
        action, resource_id, coalesce(kind, 'machine') as resource_type, '1111' as account_id, null as region,
        current as current_instance_type, wanted as recommended_instance_type, 'Change <b>it</b>' as title,
        percent as details, date '2025-01-01' as first_observed_on, last::date as last_observed_on,
        saving::decimal(38, 12) as monthly_saving, '(unallocated)' as cost_center, '(none)' as ai_project,
        '(none)' as environment
    from (values {rows}) as r(recommendation_id, action, resource_id, kind, current, wanted, saving, currency, percent,
        last)
"""


@pytest.fixture
def company(settings: Settings, tmp_path: Path) -> Settings:
    """A published January with seven resources, and rules that wait for nothing."""
    publish_resources(settings)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "rightsizing.yml").write_text("rules: {consecutive_findings: 1}\n", encoding="utf-8")
    return settings.model_copy(update={"config_dir": tmp_path / "own"})


def recommend(where: Settings, *rows: tuple[Any, ...]) -> None:
    """Publish recommendations: id, action, resource, type (None: a machine), types, saving, currency, details, day."""
    version = published.latest(where)
    texts = (", ".join("null" if each is None else f"'{each}'" for each in row) for row in rows)
    query = _ROWS.format(rows=", ".join(f"({text})" for text in texts))
    folder = version.path / MART / "billing_period=2025-01"
    folder.mkdir(parents=True)
    duckdb.sql(f"copy ({query}) to '{folder / 'part.parquet'}'")
    path = version.path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["marts"][MART] = {**manifest["marts"]["mart_resource_costs"]}
    manifest["columns"][MART] = ["billing_period", *duckdb.sql(query).columns]
    path.write_text(json.dumps(manifest), encoding="utf-8")


def row(ident: str, action: str, resource: str | None, saving: str | None, **facts: Any) -> tuple[Any, ...]:
    of = {
        "kind": None,
        "current": None,
        "wanted": None,
        "currency": "USD",
        "percent": None,
        "last": "2025-01-31",
        **facts,
    }
    return (
        *(ident, action, resource, of["kind"], of["current"], of["wanted"], saving),
        *(of["currency"], of["percent"], of["last"]),
    )


def found(where: Settings) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["rule"], each["resource_id"]): each for each in service.findings(where)}


def test_what_the_provider_says_stands_beside_ours_and_alone_is_ranked_with_them(company: Settings) -> None:
    recommend(
        company,
        row("r-1", "resize", "i-large", "280", current="m5.4xlarge", wanted="m5.xlarge"),
        row("r-2", "delete", "vol-gp2", "9", kind="disk"),
        row("r-3", "other", "i-busy", "900", percent='{"saving_percent": 10}'),
    )
    rows = found(company)
    ours = rows["oversized_machine", "i-large"]
    assert (ours["provider_says"], ours["provider_saving"]) == ("agrees", 280)
    assert rows["old_volume_type", "vol-gp2"]["provider_says"] == "differs"
    assert rows["idle_gpu", "i-idle"]["provider_says"] is None
    theirs = rows["provider_recommendation", "i-busy"]
    assert (theirs["status"], theirs["provider_says"], theirs["action"]) == ("decision", "recommends", "")
    assert round(theirs["monthly_saving"], 6) == round(Decimal("73.44") * 730 / 24 / 10, 6)


def test_what_is_withdrawn_or_old_says_nothing(company: Settings) -> None:
    """The account was asked on the 31st again, and the recommendation of the 30th was not made any more."""
    recommend(
        company,
        row("r-1", "stop", "i-busy", "900", last="2025-01-30"),
        row("r-2", "stop", "i-unmeasured", "900", last="2025-01-20"),
        row("r-3", "delete", "vol-gp2", "9", kind="disk"),
    )
    assert {key for key in found(company) if key[0] == "provider_recommendation"} == set()


def test_what_no_inventory_lists_is_found_at_what_its_bill_says(company: Settings) -> None:
    [folder] = published.latest(company).path.glob("mart_resource_inventory/*")
    inventory = MARTS["mart_resource_inventory"]
    listed = f"select * from ({inventory}) where resource_id <> 'i-unmeasured'"
    duckdb.sql(f"copy ({listed}) to '{folder / 'part.parquet'}'")
    recommend(company, row("r-1", "stop", "i-unmeasured", "900", kind="other"), row("r-2", "stop", "arn:unbilled", "5"))
    rows = found(company)
    made = rows["provider_recommendation", "i-unmeasured"]
    assert (made["resource_type"], made["account_id"], round(made["monthly_saving"])) == ("other", "1111", 900)
    assert ("provider_recommendation", "arn:unbilled") not in rows, "what costs nothing saves nothing"


def test_commitments_are_told_beside_ours_or_by_themselves(company: Settings) -> None:
    recommend(
        company,
        row("r-1", "commitment", None, "500", kind="account", currency="EUR"),
        row("r-2", "commitment", None, "600", kind="account", currency="GBP"),
    )
    rows = found(company)
    alone = rows["provider_recommendation", "commitments (GBP)"]
    assert (alone["monthly_saving"], alone["provider_saving"], alone["resource_type"]) == (0, 600, "account")
    [ours] = [each for key, each in rows.items() if key[0] == "buy_commitment" and each["billing_currency"] == "EUR"]
    assert (ours["provider_says"], ours["provider_saving"]) == ("agrees", 500)


def test_it_passes_the_gate_and_the_page_says_it_as_text(company: Settings) -> None:
    recommend(company, row("r-1", "resize", "i-large", "280", current="m5.4xlarge", wanted="m5.xlarge"))
    assert pipeline.find(company).build_id is not None
    text = (company.root / "rightsizing" / "index.html").read_text(encoding="utf-8")
    assert "The provider agrees: Compute Optimizer: Change &lt;b&gt;it&lt;/b&gt;, saving 280.00 USD a month" in text
    assert "<b>it</b>" not in text
