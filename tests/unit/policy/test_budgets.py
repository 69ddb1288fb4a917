"""Budgets in a tree: what a child has from its parent, and what is wrong with a file, with line and key."""

from __future__ import annotations

import itertools
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import budgets
from finops.policy.budgets import scopes
from finops.policy.budgets.calendar import Per, Span

ROOT = "tree:\n  - {id: all, currency: USD, from: 2025-01, to: 2025-12, amount: 1000"
TAGS = """
keys:
  - {name: cost-center, dimension: cost_center, required: true, allowed: [red, blue]}
  - {name: ai-project, dimension: ai_project, aliases: [project], required: false}
  - {name: experiment, dimension: experiment_id, required: false}
"""


def lines(folder: Path, text: str, **others: str) -> budgets.Configured:
    (folder / "budgets.yml").write_text(text, encoding="utf-8")
    for name, content in others.items():
        (folder / f"{name}.yml").write_text(content, encoding="utf-8")
    return budgets.lines(Settings(home=folder / "home", config_dir=folder))


def test_without_the_file_there_are_no_budgets(tmp_path: Path) -> None:
    assert budgets.lines(Settings(home=tmp_path, config_dir=tmp_path)).lines == ()


def test_a_child_has_from_its_parent_what_it_does_not_say_and_its_scope_lies_within(tmp_path: Path) -> None:
    text = ROOT + ", owner: cfo, channel: ops, children: [{id: red, scope: {cost-center: red}, amount: 9, children: ["
    found = lines(tmp_path, text + "{id: atlas, scope: {project: atlas}, amount: 2, per: week}]}]}", tag_policy=TAGS)
    company, red, atlas = found.lines
    assert (company.scope, company.owner) == ((), "cfo")
    assert (red.parent, red.currency, red.owner, red.channel) == ("all", "USD", "red", "ops")
    assert atlas.scope == (("cost_center", ("red",)), ("ai_project", ("atlas",)))
    assert (atlas.per, atlas.depth, atlas.first, atlas.last) == (Per.WEEK, 2, date(2025, 1, 1), date(2025, 12, 31))
    assert found.warnings == ()


def test_a_cost_centre_s_monthly_amount_stays_what_statements_are_held_against_and_is_a_budget_too(
    tmp_path: Path,
) -> None:
    text = "budgets: [{cost_center: red, currency: USD, from: 2025-01, to: 2025-03, amount: 10}]\n" + ROOT + "}"
    [line, _] = lines(tmp_path, text).lines
    assert (line.id, line.is_allocated, line.amount, line.last) == ("red/USD", True, 10, date(2025, 3, 31))
    [entry] = budgets.load(Settings(home=tmp_path, config_dir=tmp_path))
    assert (entry.cost_center, entry.amount) == ("red", 10)


def test_a_group_of_cost_centres_is_all_below_it(tmp_path: Path) -> None:
    centres = "cost_centers: [{cost_center: red, parent: warm}, {cost_center: pink, parent: red}, {cost_center: warm}]"
    [line] = lines(tmp_path, ROOT + ", scope: {cost_center: warm}}", cost_centers=centres).lines
    assert dict(line.scope)["cost_center"] == ("pink", "red", "warm")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ROOT + ", scope: {colour: red}}", r"budgets.yml:2: tree\[1\].scope.colour: unknown dimension or tag; dim"),
        (ROOT + ", scope: {experiment: e1}}", r"scope.experiment: tag experiment is not kept in the daily costs"),
        (ROOT + ", scope: {cost-center: green}}", r"scope.cost-center: cost centre 'green' is none of the values"),
        (ROOT + ", scope: {project: a, ai_project: a}}", r"scope.ai_project: means the same as project, which"),
        ("tree: [{id: a, amount: 1}]", r"budgets.yml:1: tree\[1\]: missing key currency; a budget without a"),
        (ROOT.replace(", amount: 1000", "}"), r"tree\[1\]: missing key amount; give an amount per period"),
        (ROOT + ", per: fortnight}", r"tree\[1\].per: "),
        (ROOT + ", thresholds: [spent 80]}", r"thresholds\[1\]: must be a measure and percent such as 'actual 80'"),
        (ROOT + ", thresholds: [probability 120]}", r"a probability is at most 100 percent"),
        (ROOT + ", actions: [{do: stop, when: actual 90}]}", r"actions\[1\].when: waits for 'actual 90', which is"),
        (ROOT + ", schedule: {2026-01: 5}}", r"schedule.2026-01: lies outside the budget's months"),
        (ROOT + ", per: quarter, schedule: {2025-01: 5}}", r"schedule: has amounts by month and the budget an"),
        (ROOT + ", per: week, schedule: {2025-01: 5}}", r"schedule: gives amounts by month, and the budget is per"),
        (ROOT.replace("2025-12", "2025-11") + ", per: quarter}", r"to: 2025-11 is not the last month of a quarter"),
        (ROOT + ", children: [{id: all, amount: 1}]}", r"children\[1\].id: all is an id already, at .*yml:2: tree"),
        (ROOT + ", children: [{id: b, amount: 1, to: 2026-01}]}", r"b runs 2025-01 to 2026-01, outside its parent"),
        (
            ROOT + ", scope: {cost-center: red}, children: [{id: b, amount: 1, scope: {cost-center: blue}}]}",
            r"children\[1\].scope.cost-center: blue lies outside the parent's scope, cost_center red",
        ),
        ("kpis: [{id: a, kpi: gpu_utilization, from: 2025-01, to: 2025-02, at_most: 5}]", r"has at_least, and no"),
        (
            "kpis: [{id: a, kpi: gpu_utilization, from: 2025-01, to: 2025-02, at_least: 5, scope: {region_id: x}}]",
            r"kpis\[1\].scope.region_id: gpu_utilization is known by provider, cost_center, ai_model, ai_stage alone",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        lines(tmp_path, text, tag_policy=TAGS)


def test_children_with_more_than_their_parent_are_a_warning_or_where_the_file_is_strict_an_error(
    tmp_path: Path,
) -> None:
    """Teams may be given more than the whole on purpose; a company that does not do that says so."""
    text = ROOT + ", per: quarter, children: [{id: b, amount: 200, per: month}, {id: c, amount: 500}]}\n"
    [says, _] = lines(tmp_path, text).warnings
    assert "yml:2: tree[1]: the children of all have 1,100.00 USD from 2025-01-01 to 2025-03-31, more than" in says
    with pytest.raises(BadInput, match="the children of all have"):
        lines(tmp_path, text + "strict: true\n")


def test_children_in_another_currency_are_not_added_to_their_parent(tmp_path: Path) -> None:
    text = ROOT + ", children: [{id: b, amount: 900}, {id: c, amount: 900, currency: EUR}]}"
    assert lines(tmp_path, text).warnings == ()


def test_siblings_that_may_count_the_same_charges_are_named_and_parents_are_not(tmp_path: Path) -> None:
    children = "{id: b, amount: 1, scope: {cost_center: red}}, {id: c, amount: 1, scope: {ai_project: x}}"
    text = ROOT + f", children: [{children}, {{id: d, amount: 1, scope: {{cost_center: blue, ai_project: y}}}}]}}"
    [says] = lines(tmp_path, text).warnings
    assert "b (cost_center red)" in says
    assert "c (ai_project x)" in says


def test_overlaps_are_those_that_comparing_every_pair_finds(tmp_path: Path) -> None:
    """The index only saves time: ten thousand siblings would make fifty million pairs."""
    chance = random.Random(1)
    names = ("cost_center", "ai_project", "ai_stage")
    text = ROOT + ", children: ["
    for number in range(60):
        scope = {n: chance.sample("abcd", chance.randint(1, 2)) for n in names if chance.random() < 0.6}
        written = ", ".join(f"{n}: [{', '.join(values)}]" for n, values in scope.items())
        text += f"{{id: s{number}, amount: 1, scope: {{{written}}}}}, "
    found = [each for each in lines(tmp_path, text + "]}").lines if each.parent]

    def overlap(one: budgets.Line, other: budgets.Line) -> bool:
        mine, theirs = dict(one.scope), dict(other.scope)
        return all(set(mine[name]) & set(theirs[name]) for name in mine if name in theirs)

    by_pairs = {frozenset((a.id, b.id)) for a in found for b in found if a.id < b.id and overlap(a, b)}
    by_index = [frozenset((a.id, b.id)) for a, b in scopes.overlapping(found)]
    assert set(by_index) == by_pairs
    assert len(by_index) == len(by_pairs)


def test_periods_are_counted_from_the_budget_s_first_month_and_weeks_from_monday() -> None:
    begin = date(2025, 2, 1)
    assert Per.QUARTER.period_of(date(2025, 5, 1), begin) == Span(date(2025, 5, 1), date(2025, 7, 31))
    assert Per.YEAR.period_of(date(2026, 1, 31), begin) == Span(date(2025, 2, 1), date(2026, 1, 31))
    assert Per.WEEK.period_of(date(2025, 2, 5), begin) == Span(date(2025, 2, 3), date(2025, 2, 9))
    assert Per.MONTH.period_of(date(2025, 1, 31), begin) is None


@pytest.mark.parametrize("per", list(Per))
def test_periods_follow_each_other_without_a_gap_and_each_day_is_in_its_own(per: Per) -> None:
    spans = list(per.periods(date(2024, 2, 1), date(2027, 1, 31)))
    for before, after in itertools.pairwise(spans):
        assert (after.first - before.last).days == 1
    for span in spans:
        assert {per.period_of(day, date(2024, 2, 1)) for day in (span.first, span.last)} == {span}


def test_a_schedule_goes_before_the_amount_and_is_summed_over_longer_periods(tmp_path: Path) -> None:
    [line] = lines(tmp_path, ROOT + ", schedule: {2025-03: 1500.50}}").lines
    assert [line.amount_of(Per.MONTH.period_of(date(2025, m, 1), line.first)) for m in (2, 3)] == [  # type: ignore[arg-type]
        Decimal(1000),
        Decimal("1500.50"),
    ]
    months = ", ".join(f"2025-{number:02d}: {number}" for number in range(1, 13))
    [line] = lines(tmp_path, ROOT.replace(", amount: 1000", "") + f", per: quarter, schedule: {{{months}}}}}").lines
    assert line.amount_of(Span(date(2025, 4, 1), date(2025, 6, 30))) == 15


def test_the_digest_changes_with_what_a_budget_is_and_not_with_where_it_stands(tmp_path: Path) -> None:
    first = lines(tmp_path, ROOT + "}").digest
    assert lines(tmp_path, "# moved\n" + ROOT + "}").digest == first
    assert lines(tmp_path, ROOT + ", thresholds: [actual 90]}").digest != first


def test_the_sample_s_budgets_are_valid_and_warn_of_nothing() -> None:
    found = budgets.lines(Settings())
    assert {"company", "atlas-training", "cc-1001/USD", "serving-gpus"} <= {each.id for each in found.lines}
    assert found.warnings == ()
