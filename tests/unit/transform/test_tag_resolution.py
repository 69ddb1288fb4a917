"""Tags through dbt: every line gets the value and the source that a reference written for one line gives it.

One bill of random lines, built twice: as it is, and with its lines in another order. The rules hold every condition
there is, the tags every spelling, values that are wrong, and text that wants to be something else.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.unit.transform.tag_reference import Reference

from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.policy.tags import load
from finops.sample.service import generate
from finops.stores.candidate import load_candidate
from finops.transform.service import build

LIKE = Path(__file__).parents[2] / "golden" / "like.yml"
# Clusters, and where they are: two of one name in one account, in different regions, and in different accounts.
CLUSTERS = {
    "a/cluster/Prod": [("1001", "eu-west-1"), ("1002", "us-east-1")],
    "b/cluster/prod": [("1001", "us-east-1")],
    "c/cluster/dev": [("1001", "eu-west-1"), ("1001", "eu-north-1")],
    "d/cluster/dev": [("1001", "eu-west-1")],
    "arn:x:cluster/lab": [("1003", "eu-north-1")],
    "e/clusters/no": [("1001", "eu-west-1")],
}
HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "<script>alert(1)</script>",
    "x" * 4096,
    "研究チーム🚀",
    "مشروع",
    "a'; drop table t; --",
    'say "hi", {"b": 1}\n\\',
]

POLICY = r"""
precedence: [tag, parent, label, cost_category, rule]
keys:
  - {name: cost-center, dimension: cost_center, case: lower, pattern: "cc-[0-9]{4}", aliases: [cc]}
  - {name: ai-project, dimension: ai_project, required: [{has_resource: true}]}
  - {name: ai-model, dimension: ai_model, required: false}
  - name: ai-stage
    dimension: ai_stage
    required: [{service_category: Compute}]
    allowed: [training, inference]
    values: {train: training}
  - {name: environment, dimension: environment, required: false}
  - {name: owner, dimension: owner, required: false}
"""
RULES = """
parents:
  - {key: cluster-name, resource: ["*/cluster/{value}", "*:cluster/{value}"]}
  - {key: source-disk, resource: "{value}"}
account_labels:
  - sub_account_id: [1002]
    labels: {cost-center: cc-2002}
rules:
  - {id: forced, version: 3, set: {cost-center: cc-9999}, when: {tags: {environment: [sand*]}}, overrides: always}
  - {id: volumes, set: {cost-center: cc-3001, ai-project: disks}, when: {resource_id: ["vol-*", "*/disk/?"]}}
  - {id: january, set: {cost-center: cc-3002}, when: {sub_account_id: "1001", from: 2025-01-05, to: 2025-01-20}}
  - {id: storage, set: {ai-stage: inference}, when: {service_category: Storage, region_id: [eu-west-1, "us-*"]}}
  - {id: rest, version: 2, set: {cost-center: cc-3003}, when: {has_resource: true, sub_account_id: "1001"}}
"""


def _lines() -> list[dict[str, Any]]:
    rng = random.Random(7)
    found = []
    for number in range(600):
        tags: dict[str, str] = {}
        for names, values in (
            (
                ["cost-center", "CostCenter", "user:cost_center", "user_cost_center", "cc", "accountTag/cost-center"],
                ["cc-1001", "CC-1001", " cc-1002 ", "cc-101", "nobody", "", HOSTILE[0]],
            ),
            (["ai-stage", "AI.Stage"], ["training", "Train", "TRAINING", "trainin", *HOSTILE[:2]]),
            (["ai-project", "aiproject"], ["atlas", *HOSTILE]),
            (["environment"], ["sandbox", "prod"]),
            (["owner"], ["ada", "bob", *HOSTILE]),
            (["cluster-name", "user:Cluster_Name"], ["prod", "PROD", "dev", "x/lab", "no", "", HOSTILE[1]]),
            (["source-disk", "accountTag/source-disk"], ["vol-1", "arn:aws:ec2:volume/vol-2", "i-1", "Prod"]),
        ):
            for name in names:
                if rng.random() < 0.3:
                    tags[name] = rng.choice(values)
        resource = rng.choice(["vol-1", "vol-2", "i-1", "i-2", "x/disk/1", None, None, *CLUSTERS])
        account, region = rng.choice(
            CLUSTERS.get(resource or "")
            or [(a, r) for a in ("1001", "1002", "1003") for r in ("eu-west-1", "us-east-1", "eu-north-1")]
        )
        found.append(
            {
                "BilledCost": number + 1,
                "EffectiveCost": f"{(number + 1) / 8}",
                "ChargePeriodStart": f"2025-01-{rng.randint(1, 31):02d} 0{rng.randint(0, 9)}:00:00",
                "SubAccountId": account,
                "ServiceCategory": (category := rng.choice(["Compute", "Storage"])),
                "ServiceName": f"Made up {category}",
                "RegionId": region,
                "RegionName": "somewhere",
                "ResourceId": resource or "NULL",
                "ResourceType": "Thing" if resource else "NULL",
                "Tags": json.dumps(tags, ensure_ascii=False) if tags else "NULL",
            }
        )
    return found


def _build(folder: Path, lines: list[dict[str, Any]]) -> Settings:
    config = folder / "config"
    config.mkdir(parents=True)
    (config / "tag_policy.yml").write_text(POLICY, encoding="utf-8")
    (config / "virtual_tags.yml").write_text(RULES, encoding="utf-8")
    settings = Settings(home=folder / "home", config_dir=config)
    like = yaml.safe_load(LIKE.read_text(encoding="utf-8"))["focus_1_0"]
    period = {"BillingPeriodStart": "2025-01-01 00:00:00", "BillingPeriodEnd": "2025-02-01 00:00:00"}
    rows = [
        {**like, **period, **line, "ChargePeriodEnd": line["ChargePeriodStart"].replace(":00:00", ":30:00")}
        for line in lines
    ]
    with (folder / "bill.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    path = str(folder / "bill.csv")
    ingest(settings, Provider.AWS, path, no_manifest=True, source="bill", source_format=SourceFormat.FOCUS)
    assert build(settings) is not None
    return settings


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return _build(tmp_path_factory.mktemp("tags"), _lines())


def _rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        return connection.execute(query).fetchall()


COLUMNS = {
    "cost_center": "cost-center",
    "ai_project": "ai-project",
    "ai_stage": "ai-stage",
    "environment": "environment",
}


def test_every_line_gets_what_the_policy_says_and_from_where_it_says(built: Settings) -> None:
    reference, expected = Reference(load(built), _lines()), defaultdict(Decimal)
    for line in _lines():
        values = {column: reference.resolve(line, key) for column, key in COLUMNS.items()}
        named = tuple(values[c][0] or ("(unallocated)" if c == "cost_center" else "(none)") for c in COLUMNS)
        sources = [(key, reference.resolve(line, key)[1]) for key in sorted(k.name for k in reference.policy.keys)]
        other = " ".join(f"{key}={source}" for key, source in sources if source not in ("tag", "(none)"))
        expected[(*named, values["cost_center"][1], other or "(none)")] += Decimal(line["BilledCost"])
    found = _rows(
        built,
        f"select {', '.join(COLUMNS)}, cost_center_source, value_sources, sum(billed_cost)"
        " from marts.fct_daily_costs group by all",
    )

    assert {tuple(key): cost for *key, cost in found} == expected
    assert {key[4] for key in expected} == {
        *("tag", "parent", "label", "rule:forced@3", "rule:volumes@1", "rule:january@1", "rule:rest@2", "(none)")
    }, "every kind of source occurs"


def test_a_parent_that_several_could_be_gives_nothing_and_violations_say_so(built: Settings) -> None:
    parents = Reference(load(built), _lines()).parents
    ambiguous = {line["ResourceId"] for line in _lines() if parents.is_ambiguous(line)}
    found = _rows(
        built,
        "select resource_id, suggested_value from marts.mart_tag_violations where suggested_by = 'ambiguous_parent'",
    )

    assert found
    assert {resource for resource, _ in found} <= ambiguous
    assert {value for _, value in found} == {"(none)"}
    assert parents.selves, "some resources name themselves"


def test_compliance_says_of_each_key_what_the_lines_own_tags_say(built: Settings) -> None:
    reference, expected = Reference(load(built), _lines()), defaultdict(Decimal)
    for line in _lines():
        for key in reference.policy.keys:
            expected[key.name, reference.status(line, key.name)] += Decimal(line["EffectiveCost"])
    found = _rows(built, "select tag_key, tag_status, sum(effective_cost) from marts.mart_tag_compliance group by all")

    assert {(key, status): cost for key, status, cost in found if cost} == expected
    totals = {sum(cost for name, _, cost in found if name == key.name) for key in reference.policy.keys}
    assert len(totals) == 1, "the statuses of every key sum to the same cost"


def test_a_key_is_required_where_its_scope_says(built: Settings) -> None:
    found = _rows(
        built,
        "select distinct tag_key, service_name from marts.mart_tag_compliance where is_required and charge_count > 0",
    )

    assert ("ai-stage", "Made up Compute") in found
    assert ("ai-stage", "Made up Storage") not in found
    assert not [key for key, _ in found if key in ("environment", "owner", "ai-model")]


def test_a_resource_is_counted_once_in_each_state_whatever_its_days(built: Settings) -> None:
    reference = Reference(load(built), _lines())
    states = {
        (
            line["SubAccountId"],
            line["ServiceName"],
            reference.resolve(line, "cost-center")[0],
            tuple(reference.status(line, key.name) for key in reference.policy.keys),
            line["ResourceId"],
        )
        for line in _lines()
        if line["ResourceId"] != "NULL"
    }
    counted = _rows(built, "select sum(resource_count) from marts.mart_tag_compliance where tag_key = 'owner'")[0][0]

    # A resource that a rule's period divides counts where its last day puts it.
    assert counted <= len(states)
    assert counted > 0.8 * len(states)


def test_a_wrong_value_is_shown_as_it_is_with_the_nearest_that_is_allowed(built: Settings) -> None:
    found = _rows(
        built,
        "select distinct tag_key, found_value, suggested_value, suggested_by from marts.mart_tag_violations"
        " where tag_status = 'wrong_value'",
    )
    near = {(key, value): suggestion for key, value, suggestion, by in found if by == "nearest"}

    assert near["ai-stage", "trainin"] == "training"
    assert near.get(("cost-center", "cc-101"), "cc-1001") == "cc-1001"
    assert [value for _, value, _, by in found if value in HOSTILE and by != "nearest"], "a script is near nothing"


def test_text_of_any_kind_comes_through_as_text(built: Settings) -> None:
    found = {value for (value,) in _rows(built, "select distinct ai_project from marts.fct_daily_costs")}

    assert set(HOSTILE) <= found


def test_the_parts_of_the_burn_down_sum_to_the_cost(built: Settings) -> None:
    found = _rows(
        built,
        "select count(*) from marts.mart_unallocated_costs where effective_cost <> tagged_effective_cost"
        " + labelled_effective_cost + ruled_effective_cost + unallocated_effective_cost",
    )
    assert found == [(0,)]


def test_the_order_of_the_lines_changes_nothing_and_a_build_repeats_itself(built: Settings, tmp_path: Path) -> None:
    other = _build(tmp_path / "other", list(reversed(_lines())))
    for mart in ("fct_daily_costs", "mart_tag_compliance", "mart_tag_violations", "mart_unallocated_costs"):
        query = f"select * from marts.{mart} order by all"
        assert _rows(other, query) == _rows(built, query), mart


def test_the_candidate_remembers_the_policy_that_resolved_it(built: Settings) -> None:
    assert load_candidate(built).tag_policy == load(built).digest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small month of the demo's bills, by the shipped configuration."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(home=folder / "home")
    generate(folder / "home" / "sample", months=1, lines_per_month=2_000, first_period=BillingPeriod(2025, 1))
    for provider in CLOUDS:
        ingest(settings, provider, str(folder / "home" / "sample" / provider))
    assert build(settings) is not None
    return settings


def test_in_the_demo_s_bills_less_has_no_owner_than_nobody_tagged(demo: Settings) -> None:
    """The rules of virtual_tags.yml find owners: per currency, the unallocated share is below the untagged one."""
    known: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for total in json.loads((demo.home / "sample" / "expected.json").read_text(encoding="utf-8")):
        if "actual" not in total["source"]:
            known[total["currency"]][0] += Decimal(total["untagged_cost"])
            known[total["currency"]][1] += Decimal(total["source_cost"])
    found = _rows(
        demo,
        "select billing_currency, sum(unallocated_effective_cost), sum(effective_cost - tagged_effective_cost),"
        " sum(effective_cost) from marts.mart_unallocated_costs group by all",
    )

    assert {currency for currency, *_ in found} == {"EUR", "USD"}
    for currency, unallocated, untagged, cost in found:
        share_nobody_tagged = known[currency][0] / known[currency][1]
        assert 0 < unallocated / cost < share_nobody_tagged
        assert unallocated < untagged


def test_the_demo_shows_a_snapshot_that_inherits_the_tags_of_its_volume(demo: Settings) -> None:
    """Nobody tagged it but the backup service, with the volume's name: no tag of its own says whose it is."""
    found = _rows(
        demo,
        "select service_name, cost_center, ai_project <> '(none)', sum(effective_cost) > 0"
        " from marts.fct_daily_costs where cost_center_source = 'parent' group by all",
    )

    assert found == [("Amazon Elastic Compute Cloud", "cc-1001", True, True)]
