"""Cost centres have names, owners and parents, or none of them; what is wrong is named with file, line and key."""

from __future__ import annotations

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import budgets, cost_centers

TREE = """cost_centers:
  - {cost_center: all, name: Everything}
  - {cost_center: tech, name: Technology, parent: all}
  - {cost_center: cc-1, name: Research, owner: ada@example.com, parent: tech}
  - {cost_center: cc-2, parent: all}
"""
BUDGET = "budgets:\n  - {cost_center: NAME, currency: USD, from: 2026-01, to: 2026-12, amount: 10}\n"


@pytest.fixture
def own(tmp_path) -> Settings:
    (tmp_path / "config").mkdir()
    return Settings(home=tmp_path / "home", config_dir=tmp_path / "config")


def write(settings: Settings, name: str, text: str) -> None:
    (settings.configuration_dir / name).write_text(text, encoding="utf-8")


def test_without_the_file_there_are_keys_alone(own: Settings) -> None:
    found = cost_centers.load(own)
    assert (found.entries, found.name_of("cc-1"), found.above("cc-1"), list(found.groups())) == ({}, "", (), [])


def test_names_owners_and_groups_are_read(own: Settings) -> None:
    write(own, cost_centers.FILE, TREE)
    found = cost_centers.load(own)
    assert (found.name_of("cc-1"), found.owner_of("cc-1"), found.above("cc-1")) == (
        "Research",
        "ada@example.com",
        ("tech", "all"),
    )
    assert found.name_of("cc-2") == found.name_of("cc-unknown") == ""
    assert list(found.groups()) == ["all", "tech"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cost_centers:\n  - {cost_center: a}\n  - {cost_center: a}\n", r"yml:3: cost_centers\[2\]: a is there twice"),
        (
            "cost_centers: [{cost_center: a, parent: b}]",
            r"yml:1: cost_centers\[1\].parent: b is no cost centre of this",
        ),
        (
            "cost_centers:\n  - {cost_center: a, parent: b}\n  - {cost_center: b, parent: a}\n",
            r"yml:2: cost_centers\[1\].parent: a is part of b is part of a",
        ),
        ("cost_centers: [{cost_center: a, boss: x}]", r"yml:1: .*unknown key; known keys are cost_center, name"),
    ],
)
def test_an_invalid_entry_is_named(own: Settings, text: str, says: str) -> None:
    write(own, cost_centers.FILE, text)
    with pytest.raises(BadInput, match=says):
        cost_centers.load(own)


def test_a_budget_of_a_cost_centre_without_an_entry_is_refused_with_file_and_line(own: Settings) -> None:
    write(own, cost_centers.FILE, TREE)
    write(own, budgets.FILE, BUDGET.replace("NAME", "cc-1"))
    assert len(budgets.load(own)) == 1
    write(own, budgets.FILE, BUDGET.replace("NAME", "cc-9"))
    with pytest.raises(
        BadInput, match=r"budgets.yml:2: budgets\[1\].cost_center: cost centre 'cc-9' is not in cost_cent"
    ):
        budgets.load(own)


def test_without_entries_a_budget_s_cost_centre_is_one_that_the_tag_policy_allows(own: Settings) -> None:
    write(own, budgets.FILE, BUDGET.replace("NAME", "blau"))
    assert len(budgets.load(own)) == 1
    write(own, "tag_policy.yml", "keys:\n  - {name: team, dimension: cost_center, allowed: [blue, red]}\n")
    with pytest.raises(BadInput, match=r"budgets.yml:2: .*'blau' is none of the values of team: blue, red"):
        budgets.load(own)
