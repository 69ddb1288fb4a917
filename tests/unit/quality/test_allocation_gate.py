"""The gate on allocation: rules that move nothing or cannot be divided are named, and nothing may be made or lost."""

from __future__ import annotations

import json

import pytest
from tests.crafted_warehouse import craft, edit

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.policy.allocation import Rules
from finops.quality.service import check
from finops.transform.allocation_inputs import document

SCOPE = [("aws", "2025-01")]
_COPY = "insert into marts.mart_allocated_costs select * replace ({}) from marts.mart_allocated_costs where {}"
_APPLIED = """
    insert into marts.mart_allocation_rules
    select billing_period, provider, billing_currency, rule_id, rule_version, rule_digest, 1, 'pool', null, null, null,
        null, -billed_cost, -effective_cost
    from marts.mart_allocated_costs where entry_kind = 'offset'
"""
_ONE = "cost_center = 'cc-1001' and service_name = 'service-1' and billing_currency = 'USD' and provider = 'aws'"


def pool(name: str, **said: object) -> dict[str, object]:
    rest = {"select": {"charge_category": "Tax"}, "split": {"method": "even"}}
    return {"id": name, "version": 1, "description": "x", **rest, **said}


def make(settings: Settings, *pools: dict[str, object]) -> None:
    """Leave a warehouse that was built with these rules, of which `moved` moved a cost centre's service to another."""
    craft(settings, SCOPE)
    folder = settings.inputs_dir / "ops"
    folder.mkdir(parents=True)
    rules = Rules.model_validate({"pools": list(pools)})
    (folder / "allocation.json").write_text(json.dumps(document(rules, {"2025-01"})), encoding="utf-8")
    if any(each["id"] == "moved" for each in pools):
        rule = "'moved' as rule_id, 1 as rule_version, 'digest' as rule_digest, '(none)' as service_name"
        for kind, sign, share in (("offset", "-", "null"), ("pool", "", "1")):
            edit(
                settings,
                _COPY.format(
                    f"'{kind}' as entry_kind, {rule}, {share} as share, 'x' as counterpart,"
                    f" {sign}billed_cost as billed_cost, {sign}effective_cost as effective_cost",
                    f"{_ONE} and entry_kind = 'direct'",
                ),
            )
        edit(settings, f"update marts.mart_allocation_sources set rule_id = 'moved', rule_version = 1 where {_ONE}")
        edit(settings, _APPLIED)


def warnings(settings: Settings) -> str:
    return "\n".join(w for w in check(settings).warnings if w.startswith("mart_allocated_costs"))


def test_rules_that_moved_something_pass_without_a_word(settings: Settings) -> None:
    make(settings, pool("moved"))
    assert warnings(settings) == ""


def test_rules_that_match_nothing_are_named_or_refused_as_they_ask(settings: Settings) -> None:
    elsewhere = {"select": {"charge_category": "Tax", "provider": "gcp"}}
    make(
        settings,
        pool("moved"),
        pool("idle"),
        pool("later", **{"from": "2025-02"}),
        pool("quiet", if_empty="ignore"),
        # No bill of Google's is here: it cannot be missed.
        pool("elsewhere", **elsewhere),
    )
    assert "rules idle in 2025-01" in warnings(settings)

    make_strict = json.loads((settings.inputs_dir / "ops" / "allocation.json").read_text())
    make_strict["rules"]["pools"][1]["if_empty"] = "refuse"
    (settings.inputs_dir / "ops" / "allocation.json").write_text(json.dumps(make_strict))
    with pytest.raises(Finding, match=r"every rule of allocation.yml matches something .* rules idle in 2025-01"):
        check(settings)


@pytest.mark.parametrize("answer", ["refuse", "warn", "ignore"])
def test_a_pool_that_nothing_divides_is_named_with_its_month(settings: Settings, answer: str) -> None:
    make(settings, pool("moved", if_indivisible=answer))
    edit(settings, "update marts.mart_allocated_costs set entry_kind = 'kept', share = null where entry_kind = 'pool'")
    if answer == "refuse":
        with pytest.raises(Finding, match=r"something to divide by.* pools moved in 2025-01 \(aws USD\)"):
            check(settings)
    else:
        assert ("moved in 2025-01 (aws USD)" in warnings(settings)) is (answer == "warn")


FAULTS = {
    "a rule that makes money": (
        "update marts.mart_allocated_costs set effective_cost = effective_cost + 0.01 where entry_kind = 'pool'",
        "the entries of every rule sum to zero",
    ),
    "cost that went to another owner on its way": (
        "update marts.mart_allocated_costs set cost_center = 'cc-9' where entry_kind = 'direct'"
        " and cost_center = 'cc-1002'",
        "a cost centre's direct entries are its chargeback, exactly",
    ),
    "a direct entry that is lost": (
        "delete from marts.mart_allocated_costs where entry_kind = 'direct' and cost_center = 'cc-1002'",
        "billed_cost, effective_cost sum to those of fct_daily_costs",
    ),
    "shares that are not whole": (
        "update marts.mart_allocated_costs set share = 0.9 where entry_kind = 'pool'",
        "the shares of every pool sum to one",
    ),
    "an entry twice": (
        "insert into marts.mart_allocated_costs from marts.mart_allocated_costs where entry_kind = 'pool'",
        "one row per billing_period",
    ),
    "an unknown kind": (
        "update marts.mart_allocated_costs set entry_kind = 'gift' where entry_kind = 'pool'",
        "entry_kind is one of",
    ),
}


@pytest.mark.parametrize(("fault", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_allocation_blocks(settings: Settings, fault: str, says: str) -> None:
    make(settings, pool("moved"))
    edit(settings, fault)
    with pytest.raises(Finding, match=says):
        check(settings)


def test_a_version_that_says_two_things_is_named(settings: Settings) -> None:
    make(settings, pool("moved"))
    edit(
        settings,
        _COPY.format("'2024-12' as billing_period, 'other' as rule_digest", "entry_kind in ('pool', 'offset')"),
    )
    assert "a version of a rule says the same in every month" in warnings(settings)
