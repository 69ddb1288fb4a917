"""Statements of a sampled company, from its bills: their files add up to the bill, and a line to what is behind it."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.service import explain
from finops.cli import app
from finops.core.money import cents, exact_sum
from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.pages import wording
from finops.quality.service import check
from finops.sample.service import generate
from finops.stores import published
from finops.transform.publish import publish
from finops.transform.service import build

JANUARY = BillingPeriod(2025, 1)
CENT = Decimal("0.01")
KINDS = {"pool", "offset", "price", "markup", "markup_offset"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A month of three clouds by the project's own rules, with a price list, a markup and a chain added to them."""
    root = tmp_path_factory.mktemp("company")
    config = root / "config"
    shutil.copytree(Settings().configuration_dir, config)
    rules = yaml.safe_load((config / "allocation.yml").read_text(encoding="utf-8"))
    price = {"driver": "gpu_hours", "cost_center": "cc-1003", "provider": "aws", "rate": "0.0375", "currency": "USD"}
    rules["prices"] = [{"id": "gpu", "version": 3, "description": "GPU hours at an internal rate", **price}]
    chain = {"select": {"cost_center": "cc-1004"}, "split": {"method": "proportional", "to": "charged"}}
    markup = {"percent": "4.5", "to": "cc-1004"}
    rules["pools"] += [{"id": "operations", "version": 2, "description": "A chain", **chain, "markup": markup}]
    (config / "allocation.yml").write_text(json.dumps(rules, default=str), encoding="utf-8")
    settings = Settings(home=root / "home", config_dir=config)
    generate(settings.root / "sample", months=1, lines_per_month=6_000, first_period=JANUARY)
    for provider in CLOUDS:
        ingest(settings, provider, str(settings.root / "sample" / provider))
    assert build(settings) is not None
    assert check(settings).passed
    publish(settings)
    service.publish(settings, JANUARY)
    return settings


def folder(settings: Settings) -> Path:
    return (settings.statements_dir / f"billing_period={JANUARY}").resolve()


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def summed(paths: list[Path], column: str) -> dict[str, Decimal]:
    """Return the sums of a column by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for path in paths:
        for row in rows(path):
            sums[row["billing_currency"]] += Decimal(row[column])
    return {currency: amount for currency, amount in sums.items() if amount}


def without_owner(settings: Settings, heading: str) -> dict[str, Decimal]:
    """Return what the company's statement says of cost without an owner, by currency."""
    return {
        row["billing_currency"]: Decimal(row["value"])
        for row in rows(folder(settings) / "company" / "schedules.csv")
        if (row["schedule"], row["row"], row["column"]) == ("shared", "(unallocated)", heading)
    }


def added(*sums: dict[str, Decimal]) -> dict[str, Decimal]:
    names = {name for each in sums for name in each}
    return {name: sum((each.get(name, Decimal(0)) for each in sums), Decimal(0)) for name in names}


def test_the_printed_files_of_all_cost_centres_and_the_rest_are_the_company_in_cents(company: Settings) -> None:
    owners = [path for path in folder(company).iterdir() if path.is_dir() and path.name != "company"]
    assert len(owners) >= 4
    direct = summed([path / "statement.csv" for path in owners], "effective_cost_rounded")
    shared = summed([p / "shared.csv" for p in owners if (p / "shared.csv").exists()], "effective_cost_rounded")
    whole = summed([folder(company) / "company" / "statement.csv"], "effective_cost_rounded")
    assert len(whole) > 1
    assert added(direct, without_owner(company, "Direct")) == whole
    assert added(direct, shared, without_owner(company, "Together")) == whole
    # To the twelfth decimal they are the bills.
    exact = summed([folder(company) / "company" / "statement.csv"], "effective_cost")
    with published.latest(company).connect() as connection:
        fact = published.latest(company).focus_sql(period=JANUARY)
        query = f"select billing_currency, sum(effective_cost) from ({fact}) group by 1"
        assert exact == dict(connection.execute(query).fetchall())


def test_the_proof_of_the_companys_page_is_what_reconcile_says_of_each_bill(company: Settings) -> None:
    page = (folder(company) / "company" / "statement.html").read_text(encoding="utf-8")
    said: dict[tuple[str, str], str] = {}
    for part in page.split("<caption>Bills and statements compared, in ")[1:]:
        rows_of_it = re.findall(
            r'<bdi>([^<]+)</bdi></th><td role="cell" class="key">([^<]+)</td>', part.partition("</table>")[0]
        )
        said |= {(provider, part[:3]): amount for provider, amount in rows_of_it}
    environment = {"FINOPS_HOME": str(company.root), "FINOPS_CONFIG_DIR": str(company.configuration_dir)}
    done = CliRunner().invoke(app, ["reconcile", "--billing-period", str(JANUARY), "--json"], env=environment)
    lines = json.loads(done.stdout)["lines"]
    reconciled = {
        (wording.name(each["provider"]), each["billing_currency"]): f"{cents(Decimal(each['stages']['source'])):,}"
        for each in lines
    }
    assert len(reconciled) == 5
    assert said == reconciled


def test_the_journal_holds_what_the_printed_files_charge_each_cost_centre(company: Settings, tmp_path: Path) -> None:
    service.write_journal(company, JANUARY, tmp_path / "journal.csv")
    posted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    shared = []
    for row in rows(tmp_path / "journal.csv"):
        if row["cost_center"]:
            posted[row["cost_center"], row["currency"]] += Decimal(row["debit"]) - Decimal(row["credit"])
        shared += [row] if row["document"].startswith("CS-") else []
    charged: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for path in folder(company).glob("cc-*/s[th]a*.csv"):
        for currency, amount in summed([path], "effective_cost_rounded").items():
            charged[path.parent.name, currency] += amount
    for currency, amount in without_owner(company, "Together").items():
        charged["9999", currency] += amount
    assert {key: amount for key, amount in posted.items() if amount} == {k: v for k, v in charged.items() if v}
    # Prices, markups and a chain are posted like pools, and an entry leads to the bills by its lines.
    assert {"gpu", "operations", "tax"} <= {re.findall(r"by rule ([a-z-]+)", row["text"])[0] for row in shared}
    chosen = random.Random(20250131).choice([row for row in shared if row["cost_center"] != "9999"])
    for line in chosen["statement_lines"].split():
        assert explain(company, f"{JANUARY}/{chosen['cost_center']}", line).sources


def all_lines(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Return statement, line, kind and shown effective cost of every line of every statement, sorted."""
    found = []
    for path in sorted(folder(settings).glob("*/*.csv")):
        if path.name in ("statement.csv", "shared.csv"):
            for row in rows(path):
                statement = f"{JANUARY}/{path.parent.name}"
                kind = row.get("entry_kind", "direct")
                found.append((statement, row["line_id"], kind, row["effective_cost_rounded"]))
    return sorted(found)


def test_what_is_behind_any_line_adds_up_to_it(company: Settings) -> None:
    """Ten lines chosen by a fixed seed, and one more of every kind that a rule can make."""
    chosen = random.Random(20250131)
    lines = all_lines(company)
    of_kinds = [chosen.choice([each for each in lines if each[2] == kind]) for kind in sorted(KINDS)]
    for statement, line, kind, shown in [*chosen.sample(lines, 10), *of_kinds]:
        found = explain(company, statement, line)
        assert found.sources, (statement, line, kind)
        again = exact_sum(each.effective_part for each in found.sources)
        # A statement's line is within two cents of its exact amount, and that is what its sources come to.
        assert abs(again - found.effective_cost) < CENT / 2, (statement, line, kind)
        assert abs(again - Decimal(shown)) <= 2 * CENT, (statement, line, kind)
        assert exact_sum([again, found.effective_rest]) == found.effective_cost


def of_kind(settings: Settings, kind: str, rule: str) -> tuple[str, str]:
    company = f"{JANUARY}/company"
    shared = rows(folder(settings) / "company" / "shared.csv")
    return company, next(r["line_id"] for r in shared if (r["entry_kind"], r["rule_id"]) == (kind, rule))


def test_a_price_is_a_quantity_at_its_rate_and_its_credit_is_what_others_were_charged(company: Settings) -> None:
    found = explain(company, *of_kind(company, "price", "gpu"))
    (source,) = found.sources
    assert (source.what, source.row["unit"], found.factor) == ("quantity", "GPU hours", Decimal("0.0375"))
    assert source.row["quantity"] * found.factor == found.effective_cost
    credit = explain(company, *of_kind(company, "offset", "gpu"))
    assert {each.row["entry_kind"] for each in credit.sources} == {"price"}
    assert sum(each.effective_part for each in credit.sources) == credit.effective_cost < 0


def test_a_markup_is_a_part_of_the_charges_it_is_on(company: Settings) -> None:
    found = explain(company, *of_kind(company, "markup", "operations"))
    assert {each.what for each in found.sources} == {"charge", "entry"}
    earned = explain(company, *of_kind(company, "markup_offset", "operations"))
    assert sum(each.effective_part for each in earned.sources) == earned.effective_cost < 0


def test_a_rule_that_was_changed_or_deleted_since_is_still_explained(company: Settings, tmp_path: Path) -> None:
    """The build recorded which rule selected what, and by which terms: allocation.yml is not asked again."""
    made = {("price", "gpu"), ("offset", "gpu"), ("pool", "tax"), ("pool", "operations"), ("offset", "operations")}
    lines = [of_kind(company, kind, rule) for kind, rule in sorted(made | {("markup", "operations")})]
    before = [explain(company, *line) for line in lines]
    shutil.copytree(company.configuration_dir, tmp_path / "config")
    file = tmp_path / "config" / "allocation.yml"
    changed = company.model_copy(update={"config_dir": tmp_path / "config"})
    for text in (file.read_text(encoding="utf-8").replace("0.0375", "0.04").replace("4.5", "5"), "drivers: []"):
        file.write_text(text, encoding="utf-8")
        assert [explain(changed, *line) for line in lines] == before


def test_pools_that_match_the_same_charges_share_none_of_them(company: Settings) -> None:
    """Tax of the platform's account is tax: behind the company's lines every charge stands once, or in a chain."""
    of = {rule: explain(company, *of_kind(company, "pool", rule)).sources for rule in ("tax", "shared-platform")}
    assert {source.row["charge_category"] for source in of["tax"]} == {"Tax"}
    assert "Tax" not in {source.row["charge_category"] for source in of["shared-platform"]}
    chain = explain(company, *of_kind(company, "pool", "operations")).sources
    assert {source.row["cost_center"] for source in chain} == {"cc-1004"}
    assert "operations" not in {source.row.get("rule_id") for source in chain}
