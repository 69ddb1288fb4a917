"""The laws of tags, for any rules and any tags: nothing depends on order, and no cost is made or lost."""

from __future__ import annotations

import json
import random
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_sql import model_sql

from finops.policy.tags import TagPolicy
from finops.transform import tag_inputs

KEYS = [
    {"name": "cost-center", "dimension": "cost_center", "case": "lower", "pattern": "cc-[0-9]", "aliases": ["cc"]},
    {"name": "ai-stage", "allowed": ["training", "inference"], "values": {"train": "training"}},
    {"name": "owner", "required": False},
]
MODELS = ("tag_set_values", "tag_resolution_values", "tag_resolutions")
SUMMED = """
    select count(*), sum(charge_sums.billed_cost) from charge_sums
    join tag_resolutions using (provider, billing_period, resolution_id)
"""

native_keys = st.sampled_from(
    ["cost-center", "CostCenter", "user:cost_center", "cc", "accountTag/cost-center", "AI.Stage", "ai-stage", "owner"]
)
values = st.sampled_from(["cc-1", "CC-2", "cc-x", "train", "Inference", "=1+1", "مشروع🚀", " ", 'a"b'])
tag_sets = st.lists(st.dictionaries(native_keys, values, max_size=5), min_size=1, max_size=5)
rules = st.lists(
    st.fixed_dictionaries(
        {
            "set": st.sampled_from([{"cost-center": "cc-8"}, {"cost-center": "cc-9", "ai-stage": "training"}]),
            "when": st.sampled_from(
                [
                    {},
                    {"tags": {"owner": ["cc-*"]}},
                    {"from": "2025-01-10"},
                    {"to": "2025-01-10"},
                    {"resource_id": "v-*"},
                ]
            ),
            "overrides": st.sampled_from(["missing", "always"]),
        }
    ),
    max_size=4,
)


def _policy(given_rules: list[dict[str, Any]]) -> TagPolicy:
    numbered = [{"id": f"r{number}", **rule} for number, rule in enumerate(given_rules)]
    return TagPolicy.model_validate({"keys": KEYS, "rules": numbered})


def _resolved(policy: TagPolicy, tags: list[dict[str, str]], seed: int) -> dict[str, list[tuple[Any, ...]]]:
    """Resolve the tags with every table's rows in the order of a seed; return the models' rows and the sums."""
    rng, count = random.Random(seed), len(policy.rules)
    orders = ["", ",".join(str(n + 1) for n in range(count))]
    sets = [("aws", "2025-01", n, json.dumps(each, ensure_ascii=False)) for n, each in enumerate(tags)]
    cases = product(range(len(tags)), orders, orders, ("", "ai-stage,cost-center"), ("2025-01-01", "2025-01-10"))
    sums = [("aws", "2025-01", n, *case, "", cost) for n, case in enumerate(cases) for cost in (1, -7)]
    rng.shuffle(sets)
    rng.shuffle(sums)
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("set threads = 1")
        tag_inputs.write(Path(folder), policy)
        for file in Path(folder).glob("tag_*.parquet"):
            rows = f"select * from read_parquet('{file}', file_row_number = true)"
            connection.execute(
                f"create table stg_ops_{file.stem} as select * exclude (file_row_number) from ({rows})"
                f" order by hash(file_row_number + {seed})"
            )
        connection.execute("create table tag_sets (provider text, billing_period text, tag_set_id integer, tags json)")
        connection.executemany("insert into tag_sets values (?, ?, ?, ?)", sets)
        connection.execute(
            "create table charge_sums (provider text, billing_period text, resolution_id integer, tag_set_id integer,"
            " rule_orders text, resource_rules text, required_keys text, rule_era date,"
            " parents text, billed_cost decimal(38, 12))"
        )
        connection.executemany(f"insert into charge_sums values ({', '.join('?' * 10)})", sums)
        found = {}
        for model in MODELS:
            connection.execute(f"create table {model} as {model_sql(model)}")
            found[model] = connection.execute(f"select * from {model} order by all").fetchall()
        found["sums"] = connection.execute(SUMMED).fetchall()
        found["given"] = connection.execute("select count(*), sum(billed_cost) from charge_sums").fetchall()
        return found


@settings(max_examples=20)
@given(rules, tag_sets, st.integers(1, 1000))
def test_tags_resolve_the_same_in_any_order_and_move_no_sum(
    some_rules: list[dict[str, Any]], tags: list[dict[str, str]], seed: int
) -> None:
    policy = _policy(some_rules)
    one, other = _resolved(policy, tags, 0), _resolved(policy, tags, seed)

    assert other == one
    assert one["sums"] == one["given"]


@settings(max_examples=10)
@given(rules, tag_sets)
def test_a_rule_for_whatever_is_missing_leaves_no_charge_without_owner(
    some_rules: list[dict[str, Any]], tags: list[dict[str, str]]
) -> None:
    """A last rule without conditions: every resolution that it is for has an owner, whatever stood there before."""
    policy = _policy([*some_rules, {"set": {"cost-center": "cc-7"}, "when": {}}])
    resolved, columns = _resolved(policy, tags, 0)["tag_resolutions"], 2
    ids = {row[columns] for row in resolved if row[-4] is not None}
    count = len(resolved)

    # Half of the cases are for no rule at all.
    assert len(ids) >= count // 2
