"""What charges inherit from the resources their tags name: examples, and laws for any lines."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_sql import model_sql

from finops.policy.tags import TagPolicy
from finops.transform import tag_inputs

KEYS = [
    {"name": "cost-center", "dimension": "cost_center", "pattern": "cc-[0-9]"},
    {"name": "owner", "required": False},
]
PARENTS = [{"key": "cluster", "resource": "*/cluster/{value}"}, {"key": "volume", "resource": "{value}"}]
PLACES = [("A", "eu"), ("A", "us"), ("B", "eu")]
MODELS = (
    *("resource_sums", "tag_set_values", "tag_set_parents", "resource_rules", "charge_sums", "resource_resolutions"),
    *("tag_resolution_values", "tag_resolutions"),
)

Line = tuple[str | None, dict[str, str], int, int]
"""Resource, tags, number of its place, day of the month."""


def _resolved(lines: list[Line], parents: list[dict[str, str]] = PARENTS, seed: int = 0) -> dict[str, list[Any]]:
    """Take lines through the models from the fact to the resolutions, every table in the order of a seed."""
    policy = TagPolicy.model_validate({"keys": KEYS, "parents": parents})
    rows = [
        ("aws", "2025-01", place, json.dumps(tags, sort_keys=True) if tags else None, None, resource, day, n + 1)
        for n, (resource, tags, place, day) in enumerate(lines)
    ]
    random.Random(seed).shuffle(rows)
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("set threads = 1")
        tag_inputs.write(Path(folder), policy)
        for file in Path(folder).glob("tag_*.parquet"):
            connection.execute(f"create table stg_ops_{file.stem} as from read_parquet('{file}')")
        connection.execute(
            "create table given (provider text, billing_period text, x_details_id integer, tags text,"
            " x_cost_categories text, resource_id text, day integer, cost decimal(38, 12))"
        )
        connection.executemany("insert into given values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute(
            "create table focus_charges as select * exclude (day, cost),"
            " make_date(2025, 1, day) as charge_period_start, cost as billed_cost, cost as effective_cost,"
            " cost as contracted_cost, cost as list_cost from given"
        )
        connection.execute(
            "create table tag_sets as select distinct provider, billing_period, tags,"
            " hash(tags, x_cost_categories) as tag_set_id from focus_charges"
        )
        connection.execute(
            "create table detail_rules (provider text, billing_period text, x_details_id integer, sub_account_id text,"
            " region_id text, rule_orders text, required_keys text)"
        )
        places = [("aws", "2025-01", n, *place, "", "cost-center") for n, place in enumerate(PLACES)]
        connection.executemany("insert into detail_rules values (?, ?, ?, ?, ?, ?, ?)", places)
        found = {}
        for model in MODELS:
            connection.execute(f"create table {model} as {model_sql(model)}")
            found[model] = connection.execute(f"select * from {model} order by all").fetchall()
        found["values"] = connection.execute("""
            select x_details_id, sums.tag_set_id, charge_date, resource_rules, tag_key, tag_value, value_source,
                sums.billed_cost
            from charge_sums as sums join tag_resolution_values using (provider, billing_period, resolution_id)
            order by all
        """).fetchall()
        found["inherited"] = connection.execute("""
            select resource_id, tag_key, tag_value
            from resource_resolutions join tag_resolution_values using (provider, billing_period, resolution_id)
            where value_source = 'parent' order by all
        """).fetchall()
        found["sums"] = connection.execute("""
            select sum(charge_count), sum(billed_cost)
            from charge_sums join tag_resolutions using (provider, billing_period, resolution_id)
        """).fetchall()
        return found


NODE: Line = ("i-1", {"cluster": "prod"}, 0, 5)
OWNED: Line = ("x/cluster/prod", {"cost-center": "cc-1"}, 0, 5)


@pytest.mark.parametrize(
    ("lines", "inherited"),
    [
        ([NODE, OWNED], [("i-1", "cost-center", "cc-1")]),
        ([("s", {"volume": "arn:x:volume/V-1"}, 0, 5), ("v-1", {"owner": "ada"}, 0, 5)], [("s", "owner", "ada")]),
        ([("i-1", {"cluster": "prod", "cost-center": "cc-2"}, 0, 5), OWNED], []),
        ([("i-1", {"cluster": "prod", "cost-center": "?"}, 0, 5), OWNED], [("i-1", "cost-center", "cc-1")]),
        ([("i-1", {"accountTag/cluster": "prod"}, 0, 5), OWNED], []),
        ([("i-1", {"cluster": "rod"}, 0, 5), OWNED], []),
        ([NODE, ("x/group/prod", {"cost-center": "cc-1"}, 0, 5)], []),
        ([NODE, ("x/cluster/prod", {"cost-center": "?"}, 0, 5)], []),
        ([NODE, OWNED, ("x/cluster/prod", {"cost-center": "cc-2"}, 0, 9)], [("i-1", "cost-center", "cc-2")]),
        ([NODE, OWNED, ("x/cluster/prod", {}, 0, 9)], [("i-1", "cost-center", "cc-1")]),
        ([NODE, OWNED, ("y/cluster/prod", {"cost-center": "cc-2"}, 2, 5)], [("i-1", "cost-center", "cc-1")]),
        ([NODE, OWNED, ("y/cluster/prod", {"cost-center": "cc-2"}, 1, 5)], [("i-1", "cost-center", "cc-1")]),
        ([NODE, ("y/cluster/prod", {"cost-center": "cc-2"}, 2, 5)], [("i-1", "cost-center", "cc-2")]),
        ([NODE, OWNED, ("y/cluster/prod", {"cost-center": "cc-1"}, 0, 5)], []),
        ([NODE, OWNED, ("y/cluster/prod", {}, 0, 5)], []),
        ([("x/cluster/prod", {"cluster": "prod"}, 0, 5), ("x/cluster/prod", {"cost-center": "cc-1"}, 0, 9)], []),
        ([("s", {"volume": "v"}, 0, 5), ("v", {"cluster": "prod", "owner": "a"}, 0, 5), OWNED], None),
    ],
    ids=[
        *("node of a cluster", "snapshot of a volume, in an ARN", "own tag first", "own tag not allowed"),
        *(
            "account's tag names nothing",
            "part of a name",
            "another kind of resource",
            "parent's tag not allowed",
            "parent's last tags",
        ),
        *("parent's lines without tags", "same account", "same region", "another account", "ambiguous, though alike"),
        *("ambiguous, one untagged", "names itself", "one level"),
    ],
)
def test_a_resource_inherits_what_the_one_it_names_says(
    lines: list[Line], inherited: list[tuple[str, str, str]] | None
) -> None:
    if inherited is None:
        # The volume inherits its cluster's cost centre and does not pass it on to the snapshot.
        inherited = [("s", "owner", "a"), ("v", "cost-center", "cc-1")]
    assert _resolved(lines)["inherited"] == inherited


def test_of_two_parents_that_give_a_key_the_first_declared_decides() -> None:
    lines: list[Line] = [("i", {"volume": "v", "cluster": "prod"}, 0, 5), OWNED, ("v", {"cost-center": "cc-2"}, 0, 5)]

    assert _resolved(lines)["inherited"] == [("i", "cost-center", "cc-1")]
    assert _resolved(lines, PARENTS[::-1])["inherited"] == [("i", "cost-center", "cc-2")]


line_tags = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.sampled_from(["prod", "PROD", "dev", "a/dev", ""]),
        "volume": st.sampled_from(["v-1", "arn:x:volume/v-1", "prod"]),
        "cost-center": st.sampled_from(["cc-1", "cc-2", "nobody"]),
        "owner": st.sampled_from(["ada", "مشروع🚀", "=1+1"]),
    },
)
some_lines = st.lists(
    st.tuples(
        st.sampled_from([None, "i-1", "v-1", "x/cluster/prod", "y/cluster/prod", "z/cluster/dev"]),
        line_tags,
        st.integers(0, 2),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(some_lines, st.integers(1, 1000))
def test_inheriting_depends_on_no_order_moves_no_cost_and_changes_no_tag(lines: list[Line], seed: int) -> None:
    one, other, without = _resolved(lines), _resolved(lines, seed=seed), _resolved(lines, [])

    assert other == one
    assert one["sums"] == [(len(lines), sum(range(1, len(lines) + 1)))]
    assert [row for row in without["values"] if row[6] != "tag"] == []

    def said(rows: list[Any]) -> set[Any]:
        return {(*row[:3], *row[4:6]) for row in rows if row[6] == "tag"}

    assert said(one["values"]) == said(without["values"])


@settings(max_examples=15)
@given(some_lines)
def test_whatever_is_inherited_another_resource_says_itself(lines: list[Line]) -> None:
    for resource, key, value in _resolved(lines)["inherited"]:
        assert any(other not in (None, resource) and tags.get(key) == value for other, tags, _, _ in lines)
