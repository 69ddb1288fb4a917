"""The tag policy: what it takes, what it refuses, and that it names file, line and key."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy.tags import load
from finops.policy.tags.checks import covers
from finops.policy.tags.models import When
from finops.policy.tags.spelling import fold

KEYS = """\
keys:
  - name: cost-center
    dimension: cost_center
    pattern: "cc-[0-9]{4}"
    aliases: [cc]
  - name: ai-stage
    allowed: [training, inference]
"""


def _policy(folder: Path, keys: str = KEYS, rules: str = "") -> Settings:
    (folder / "tag_policy.yml").write_text(keys, encoding="utf-8")
    (folder / "virtual_tags.yml").write_text(rules, encoding="utf-8") if rules else None
    return Settings(config_dir=folder)


def test_the_project_s_own_policy_holds() -> None:
    policy = load(Settings())

    assert {"ai-project", "ai-model", "ai-stage", "ai-resource-type", "experiment-id", "cost-center"} <= {
        key.name for key in policy.keys
    }
    assert fold("ai-cost-center") in (policy.key("cost-center") or policy.keys[0]).spellings


def test_without_rules_a_policy_is_whole_and_every_key_is_required_unless_it_says_otherwise(tmp_path: Path) -> None:
    policy = load(_policy(tmp_path))

    assert policy.rules == ()
    assert all(key.required for key in policy.keys)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("keys:\n  - name: a\n    colour: red\n", r"tag_policy.yml:3: keys\[1\].colour: unknown key"),
        ("key: []\n", r"tag_policy.yml:1: key: unknown key; known keys are precedence, keys"),
        (
            "keys:\n  - name: a\n  - name: b\n    aliases: [x, A]\n",
            r":4: keys\[2\].aliases\[2\]: 'A' is a spelling of a",
        ),
        ("keys:\n  - name: a\n  - name: a\n", r"tag_policy.yml:3: keys\[2\].name: a is there twice"),
        ("keys:\n  - name: a\n    name: b\n", r"tag_policy.yml:2: keys\[1\].name: stands here and again on line 3"),
        (
            "keys:\n  - name: a\n    pattern: '(?=x)'\n",
            r"tag_policy.yml:3: keys\[1\].pattern: .* no regular expression",
        ),
        ("keys:\n  - name: a\n    pattern: '['\n", r"tag_policy.yml:3: keys\[1\].pattern: .* no regular expression"),
        ("keys:\n  - name: a\n    allowed: [x]\n    values: {y: z}\n", r":4: keys\[1\].values.y: 'z' is none of"),
        ("keys:\n  - name: a\n    allowed: [x, X]\n", r":3: keys\[1\].allowed\[2\]: 'X' is there twice"),
        ("keys:\n  - name: A_b\n", r"tag_policy.yml:2: keys\[1\].name: "),
        (
            "keys:\n  - name: a\n    required: [{charge_category: Use}]\n",
            r":3: keys\[1\].required\[1\]: charge_category",
        ),
        ("precedence: [tag]\nkeys:\n  - name: a\n", r"tag_policy.yml:1: precedence: must name each of"),
        ("keys:\n  - name: [\n", r"tag_policy.yml:\d+: no YAML"),
        ("", r"tag_policy.yml:1: the file: missing key keys"),
    ],
)
def test_what_cannot_be_meant_is_named_with_file_line_and_key(tmp_path: Path, keys: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load(_policy(tmp_path, keys))


RULE = "rules:\n  - id: one\n    set: {cost-center: cc-1001}\n    when: {sub_account_id: [1, 2]}\n"


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (
            RULE.replace("cost-center", "colour"),
            r"virtual_tags.yml:3: rules\[1\].set.colour: colour is no key of the tag",
        ),
        (RULE.replace("cc-1001", "4711"), r"virtual_tags.yml:3: rules\[1\].set.cost-center: '4711' is not of the form"),
        (RULE + "  - id: one\n    set: {ai-stage: training}\n    when: {}\n", r":5: rules\[2\].id: one is there twice"),
        (
            RULE + "  - id: two\n    set: {cost-center: cc-1002}\n    when: {sub_account_id: 2, region_id: eu}\n",
            r"virtual_tags.yml:5: rules\[2\].id: two never decides anything: one above takes all it matches",
        ),
        (
            RULE.replace("[1, 2]}", "[1], from: 2025-02-01, to: 2025-02-01}"),
            r"virtual_tags.yml:4: rules\[1\].when: from 2025-02-01 is not before to",
        ),
        (RULE.replace("[1, 2]", "[1, 2], service: x"), r"virtual_tags.yml:4: rules\[1\].when.service: unknown key"),
        (RULE.replace("when", "if"), r"virtual_tags.yml:\d: rules\[1\]"),
        (RULE.replace("[1, 2]}", "[1], tags: {colour: x}}"), r":4: rules\[1\].when.tags.colour: colour is no key"),
        (
            "account_labels:\n  - sub_account_id: 1\n    labels: {cost-center: cc-1001}\n"
            "  - sub_account_id: 1\n    labels: {cost-center: cc-1002}\n",
            r"virtual_tags.yml:5: account_labels\[2\].labels.cost-center: account 1 has this label above",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_or_cannot_act_is_named(tmp_path: Path, rules: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load(_policy(tmp_path, rules=rules))


PARENT = "parents:\n  - key: eks:cluster-name\n    resource: '*:cluster/{value}'\n"


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (
            PARENT.replace("/{value}", "/*"),
            r":3: parents\[1\].resource: .* must be {value} alone or end",
        ),
        (PARENT.replace("/{value}", "-{value}"), r":3: parents\[1\].resource: '\*:cluster-{value}' must be"),
        (PARENT.replace("*:", "{value}:"), r":3: parents\[1\].resource: .* must be {value} alone"),
        (
            PARENT.replace("key: eks", "name: eks"),
            r"virtual_tags.yml:2: parents\[1\](: missing key key|.name: unk)",
        ),
        (PARENT.replace("eks:cluster-name", "'::'"), r"virtual_tags.yml:2: parents\[1\].key: '::' is nothing but sep"),
        (
            PARENT + "  - {key: EKS_ClusterName, resource: ['{value}', '*:CLUSTER/{value}']}\n",
            r"virtual_tags.yml:4: parents\[2\].resource: EKS_ClusterName with \*:cluster/{value} is there twice",
        ),
    ],
)
def test_a_parent_that_no_tag_can_name_is_named(tmp_path: Path, rules: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        load(_policy(tmp_path, rules=rules))


def test_a_precedence_written_before_there_were_parents_holds_while_none_is_declared(tmp_path: Path) -> None:
    keys = "precedence: [tag, label, cost_category, rule]\n" + KEYS
    assert load(_policy(tmp_path, keys)).parents == ()
    with pytest.raises(BadInput, match=r"tag_policy.yml:1: precedence: must name each of tag, parent, label"):
        load(_policy(tmp_path, keys, PARENT))


@pytest.mark.parametrize(
    "second",
    [
        "  - id: two\n    set: {cost-center: cc-1002}\n    when: {sub_account_id: [2, 3]}\n",
        "  - id: two\n    set: {ai-stage: training}\n    when: {sub_account_id: 2}\n",
        "  - id: two\n    set: {cost-center: cc-1002}\n    when: {sub_account_id: 2}\n    overrides: always\n",
        "  - id: two\n    set: {cost-center: cc-1002}\n    when: {sub_account_id: '2*'}\n",
    ],
    ids=["wider", "another key", "overrides", "pattern"],
)
def test_rules_that_only_overlap_are_taken_in_their_order(tmp_path: Path, second: str) -> None:
    assert [rule.id for rule in load(_policy(tmp_path, rules=RULE + second)).rules] == ["one", "two"]


def test_an_account_with_leading_zeros_stays_text(tmp_path: Path) -> None:
    policy = load(_policy(tmp_path, rules=RULE.replace("[1, 2]", "012345670123")))

    assert policy.rules[0].when.sub_account_id == ("012345670123",)


def test_the_digest_changes_with_whatever_decides_a_value(tmp_path: Path) -> None:
    before = load(_policy(tmp_path, rules=RULE)).digest

    assert load(_policy(tmp_path, rules=RULE)).digest == before
    assert load(_policy(tmp_path, rules=RULE + "    version: 2\n")).digest != before
    assert load(_policy(tmp_path, KEYS.replace("[cc]", "[costs]"), RULE)).digest != before


@pytest.mark.parametrize(
    "spelled", ["CostCenter", "cost_center", "user:cost-center", "COST.CENTER", "user_Cost Center"]
)
def test_case_separators_and_the_cloud_s_prefix_do_not_count(spelled: str) -> None:
    assert fold(spelled) == "costcenter"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_folding_twice_folds_no_further_where_no_prefix_appears(key: str) -> None:
    once = fold(key)
    assume(not once.startswith(("user", "costcategory", "accounttag")))

    assert fold(once) == once


@pytest.mark.parametrize(
    "key", ["User:Cost Center", "cost_category/Team", "accountTag/owner", "ai.model", "Ünï-code", "团队"]
)
def test_dbt_folds_keys_as_the_policy_does(key: str) -> None:
    macro = Path(__file__).parents[3] / "dbt_project" / "macros" / "tags" / "folded_tag_key.sql"
    sql = macro.read_text(encoding="utf-8").split("-%}\n")[-1].split("{%- endmacro")[0].replace("{{ key }}", "?")
    with duckdb.connect() as connection:
        assert connection.execute(f"select {sql}", [key]).fetchall() == [(fold(key),)]


TEXTS = st.lists(st.sampled_from(["a", "ab", "abc", "a*", "*", "?b"]), max_size=3).map(tuple)
DAYS = st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 4))


@given(TEXTS, DAYS, TEXTS, DAYS, st.sampled_from(["a", "ab", "abc", "b"]), st.dates(date(2025, 1, 1), date(2025, 1, 5)))
def test_a_rule_said_to_cover_another_matches_whatever_that_one_does(
    wide: tuple[str, ...],
    wide_from: date | None,
    narrow: tuple[str, ...],
    narrow_from: date | None,
    value: str,
    day: date,
) -> None:
    first = When(region_id=wide, **{"from": wide_from})
    second = When(region_id=narrow, **{"from": narrow_from})

    def matches(when: When) -> bool:
        in_text = not when.region_id or any(fnmatchcase(value, pattern) for pattern in when.region_id)
        return in_text and day >= (when.from_date or date.min)

    if covers(first, second) and matches(second):
        assert matches(first)
