"""What a month was decided by is frozen with it: no later change of a file changes anything of a closed month."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.chargeback.close.test_closing import MAY, content, quarter
from tests.unit.chargeback.published_version import publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.close import frozen_rules
from finops.chargeback.statement.facts import AllocationEntry
from finops.chargeback.statement.read import read_month
from finops.core.errors import BadInput, Finding
from finops.core.settings import Settings
from finops.policy import allocation, tags
from finops.policy.allocation.drivers import quantities
from finops.stores import closed_files, published
from finops.stores.published import Publication

ACCOUNTS = '{default: "1", unallocated: {cost_center: "9", account: "2"}, clearing: {aws: "3", azure: "4", gcp: "5"}}'
POOL = "pools: [{id: tax, version: 1, description: tax, select: {charge_category: Tax}, split: {method: even}}]"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home and a configuration of its own."""
    (tmp_path / "config").mkdir()
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "config")


def write_rules(settings: Settings) -> dict[str, str]:
    """Write every configuration file a statement or journal depends on; return them."""
    texts = {
        "gl_accounts.yml": ACCOUNTS,
        "allocation.yml": POOL,
        "budgets.yml": "budgets: [{cost_center: cc-1001, currency: USD, from: 2026-01, to: 2026-12, amount: 100}]",
        "cost_centers.yml": "cost_centers: [{cost_center: cc-1001, name: Research}]",
        "tag_policy.yml": "keys: [{name: cost-center, dimension: cost_center}]",
        "virtual_tags.yml": "rules: []",
    }
    for name, text in texts.items():
        (settings.configuration_dir / name).write_text(text)
    return texts


def test_what_is_written_into_a_file_after_the_close_changes_nothing_of_the_month(
    settings: Settings, tmp_path: Path
) -> None:
    texts = write_rules(settings)
    publish_version(settings, quarter())
    while_open = service.write_journal(settings, MAY, tmp_path / "zero.csv")
    service.close(settings, MAY, "Ann")
    at_the_close = service.write_journal(settings, MAY, tmp_path / "one.csv")
    before = content(settings.closed_dir), content(settings.statements_dir / "billing_period=2026-05")
    publish_version(settings, quarter(research="99"), build_id="build-2")
    (settings.configuration_dir / "gl_accounts.yml").write_text(ACCOUNTS.replace('"1"', '"7777"'))
    for name in texts.keys() - {"gl_accounts.yml"}:
        (settings.configuration_dir / name).unlink()
    later = service.write_journal(settings, MAY, tmp_path / "two.csv")
    assert later.sha256 == at_the_close.sha256 == while_open.sha256, "the close itself renames no document either"
    service.publish(settings, MAY)
    assert (content(settings.closed_dir), content(settings.statements_dir / "billing_period=2026-05")) == before
    # An open month goes by the file as it is.
    assert "7777" in {e.account for e in service.write_journal(settings, MAY.next, tmp_path / "three.csv").entries}


def test_the_digests_stand_in_the_manifest_and_in_status(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from finops.cli import app

    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in write_rules(settings).items()}
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    manifest = json.loads((settings.statements_dir / "billing_period=2026-05" / "manifest.json").read_text())
    assert manifest["rules"] == digests
    frozen = closed_files.folder_of(settings, MAY) / "rules"
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in frozen.iterdir()} == digests
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.config_dir))
    (listed,) = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["closed"]
    assert listed["rules"] == digests
    assert digests["allocation.yml"][:12] in CliRunner().invoke(app, ["status"]).stdout


def test_a_frozen_rule_that_was_touched_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    write_rules(settings)
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    file = closed_files.folder_of(settings, MAY) / "rules" / "gl_accounts.yml"
    file.chmod(0o644)
    file.write_text(ACCOUNTS.replace('"1"', '"8"'))
    with pytest.raises(Finding, match=r"rules/gl_accounts.yml is not what was recorded when 2026-05 was closed"):
        service.write_journal(settings, MAY, tmp_path / "j.csv")


def test_accounts_that_cannot_be_meant_keep_the_month_open(settings: Settings) -> None:
    # Once frozen they could never be put right, and the month would have no journal for good.
    (settings.configuration_dir / "gl_accounts.yml").write_text("default: '1'")
    publish_version(settings, quarter())
    with pytest.raises(BadInput, match=r"gl_accounts.yml:1: .*missing key unallocated"):
        service.close(settings, MAY, "Ann")
    assert service.closed_months(settings) == {}


def test_a_budget_that_was_changed_since_the_build_keeps_the_month_open(settings: Settings) -> None:
    """What is frozen beside the statements is what they show."""
    texts = write_rules(settings)
    publish_version(settings, quarter())
    (settings.configuration_dir / "budgets.yml").write_text(texts["budgets.yml"].replace("amount: 100", "amount: 200"))
    with pytest.raises(Finding, match=r"2026-05: what cost is held against was decided by other text than budgets.yml"):
        service.close(settings, MAY, "Ann")
    assert service.closed_months(settings) == {}


def test_rules_that_are_not_those_of_the_build_are_not_frozen_as_if_they_were(settings: Settings) -> None:
    write_rules(settings)
    publish_version(settings, quarter())
    publication = published.latest(settings)
    (pool,) = allocation.load(settings).pools
    cost = Decimal(1)
    one = AllocationEntry("cc-1001", "aws", "USD", "pool", pool.id, 1, pool.digest, "x", None, None, cost, cost)
    month = replace(read_month(publication, MAY), entries=(one,))
    assert set(frozen_rules.read(settings, publication, month)) == set(frozen_rules.FILES)
    other = replace(month, entries=(replace(one, rule_digest="another"),))
    with pytest.raises(
        Finding, match=r"rule tax, version 1, .* other text than allocation.yml has now; run `finops bui"
    ):
        frozen_rules.read(settings, publication, other)

    now = tags.load(settings).digest
    allocated = {"aws/2026-05": allocation.digest(allocation.load(settings), [], "2026-05")}
    fact = {"partitions": ["aws/2026-05", "aws/2026-06"]}
    manifest = {**publication.manifest, "fact": fact, "allocations": allocated}
    by_now = replace(publication, manifest={**manifest, "tag_policies": {"aws/2026-05": now, "aws/2026-06": "old"}})
    assert frozen_rules.read(settings, by_now, month)
    before = replace(publication, manifest={**manifest, "tag_policies": {"aws/2026-05": "old", "aws/2026-06": now}})
    with pytest.raises(Finding, match=r"the tags of aws/2026-05 was decided by other text than tag_policy.yml and"):
        frozen_rules.read(settings, before, month)


def built_by(settings: Settings, publication: Publication) -> Publication:
    """Return a publication whose May was built by the configuration as it is."""
    rules = allocation.load(settings)
    used = quantities(settings, rules, ["2026-05"])
    manifest = {
        **publication.manifest,
        "fact": {"partitions": ["aws/2026-05"]},
        "tag_policies": {"aws/2026-05": tags.load(settings).digest},
        "allocations": {"aws/2026-05": allocation.digest(rules, used, "2026-05")},
    }
    return replace(publication, manifest=manifest)


SHARED = """\
selections:
  ours: {cost_center: [cc-1001]}
drivers: [{name: hours, unit: hours, file: "{home}/hours.csv"}]
pools:
  - {id: tax, version: 1, description: tax, select: {charge_category: Tax}, split: {method: proportional, to: ours}}
  - {id: old, version: 1, description: over, to: 2026-04, select: {charge_category: Credit}, split: {method: even}}
"""
HOURS = "billing_period,cost_center,driver,quantity\n2026-05,cc-1001,hours,7.5\n2026-06,cc-1001,hours,9\n"


@pytest.mark.parametrize(
    ("file", "said", "says_now"),
    [
        ("allocation.yml", "pools:\n", "pools:\n  - {id: new, version: 1, description: of June, from: 2026-05,"
         " select: {charge_category: Purchase}, split: {method: even}}\n"),
        ("allocation.yml", "  - {id: tax, version: 1", "  - {id: tax, version: 2"),
        ("allocation.yml", "[cc-1001]", "[cc-1002]"),
        ("hours.csv", "7.5", "8"),
        ("allocation.yml", None, None),
        ("tag_policy.yml", "cost-center", "cost-centre"),
        ("tag_policy.yml", None, None),
        ("virtual_tags.yml", "rules: []", "parents: [{key: disk, resource: '*/disks/{value}'}]"),
    ],
    ids=["new rule", "version", "named selection", "quantity", "no allocation", "key", "no policy", "parents"],
)  # fmt: skip
def test_a_month_that_was_built_by_other_configuration_is_not_closed(
    settings: Settings, file: str, said: str | None, says_now: str
) -> None:
    """What a rule would have moved if the build had known it stands in no row: only the recorded digest tells."""
    write_rules(settings)
    (settings.configuration_dir / "allocation.yml").write_text(SHARED)
    settings.root.mkdir()
    (settings.root / "hours.csv").write_text(HOURS)
    publish_version(settings, quarter())
    publication = built_by(settings, published.latest(settings))
    month = read_month(publication, MAY)
    assert frozen_rules.read(settings, publication, month)
    path = (settings.root if file == "hours.csv" else settings.configuration_dir) / file
    if said is None:
        path.unlink()
    else:
        assert said in path.read_text()
        path.write_text(path.read_text().replace(said, says_now))
    with pytest.raises(
        Finding, match=r"aws/2026-05 was decided by other text than .* run `finops build --billing-period 2026-05` and"
    ):
        frozen_rules.read(settings, publication, month)


@pytest.mark.parametrize(
    ("file", "said", "says_now"),
    [
        ("allocation.yml", "description: tax", "description: tax and levies"),
        ("allocation.yml", "id: old, version: 1", "id: old, version: 2"),
        ("hours.csv", "7.5", "7.50"),
        ("hours.csv", "hours,9", "hours,10"),
    ],
    ids=["description", "rule of other months", "the same number", "quantity of another month"],
)
def test_what_decides_nothing_of_the_month_asks_for_no_build(
    settings: Settings, file: str, said: str, says_now: str
) -> None:
    write_rules(settings)
    (settings.configuration_dir / "allocation.yml").write_text(SHARED)
    settings.root.mkdir()
    (settings.root / "hours.csv").write_text(HOURS)
    publish_version(settings, quarter())
    publication = built_by(settings, published.latest(settings))
    path = (settings.root if file == "hours.csv" else settings.configuration_dir) / file
    assert said in path.read_text()
    path.write_text(path.read_text().replace(said, says_now))
    assert frozen_rules.read(settings, publication, read_month(publication, MAY))


def test_a_month_of_which_no_version_recorded_by_what_it_was_divided_is_built_again_first(settings: Settings) -> None:
    write_rules(settings)
    publish_version(settings, quarter())
    known = built_by(settings, published.latest(settings))
    before = replace(known, manifest={k: v for k, v in known.manifest.items() if k != "allocations"})
    with pytest.raises(Finding, match=r"the shared cost of aws/2026-05 was .* than allocation.yml and the files of"):
        frozen_rules.read(settings, before, read_month(before, MAY))


def test_the_quantities_of_the_month_are_frozen_with_the_rules_that_divide_by_them(
    settings: Settings, tmp_path: Path
) -> None:
    write_rules(settings)
    file = tmp_path / "hours.csv"
    file.write_text("billing_period,cost_center,driver,quantity\n2026-05,cc-1001,hours,7.5\n2026-06,cc-1001,hours,9\n")
    drivers = f"drivers: [{{name: hours, unit: hours, file: {file}}}]\n"
    (settings.configuration_dir / "allocation.yml").write_text(drivers + POOL)
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    kept = closed_files.folder_of(settings, MAY) / "rules" / frozen_rules.QUANTITIES
    assert kept.read_bytes() == b"billing_period,cost_center,driver,quantity,provider\r\n2026-05,cc-1001,hours,7.5,\r\n"
