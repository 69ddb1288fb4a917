"""Compliance, work lists, repair plans and the dry run, on a small published version made by hand."""

from __future__ import annotations

import csv
import json
import shlex
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.tags import load
from finops.stores.published import latest
from finops.tagging import repair, service, worklist
from finops.tagging.models import Violation

VIOLATION = Violation(
    billing_period="2025-02",
    provider="aws",
    billing_currency="USD",
    sub_account_id="210000000011",
    sub_account_name="research",
    service_name="Amazon Elastic Compute Cloud",
    region_id="eu-west-1",
    resource_id="i-0123456789abcdef0",
    tag_key="cost-center",
    tag_status="missing",
    found_key="(none)",
    found_value="(none)",
    suggested_value="cc-1001",
    suggested_by="rule:research@1",
    cost_center="cc-1001",
    likely_owner="ada@example.com",
    first_seen=date(2025, 2, 1),
    last_seen=date(2025, 2, 3),
    effective_cost=Decimal("12.5"),
)
COLUMNS = "billing_period, provider, billing_currency"


@pytest.fixture
def published(settings: Settings) -> Settings:
    """Two months: January and February 2025, one resource violating in both."""
    version = settings.published_dir / "versions" / "build-1"
    version.mkdir(parents=True)
    (settings.published_dir / "current").symlink_to("versions/build-1")
    with duckdb.connect(str(version / "finops.duckdb")) as connection:
        connection.execute(f"""
            create table mart_tag_compliance as
            select * from (values
                ('2025-01', 'aws', 'USD', 'cost-center', 'missing', true, 'research', 'EC2', 'cc-1001', 1,
                    40.00::decimal(38,12)),
                ('2025-02', 'aws', 'USD', 'cost-center', 'valid', true, 'research', 'EC2', 'cc-1001', 3, 30.00),
                ('2025-02', 'aws', 'USD', 'cost-center', 'missing', true, 'research', 'EC2', '(unallocated)', 1, 10.00),
                ('2025-02', 'aws', 'USD', 'ai-stage', 'missing', false, 'research', 'Tax', '(unallocated)', 0, 5.00),
                ('2025-02', 'aws', 'USD', 'ai-stage', 'wrong_value', true, 'research', 'EC2', 'cc-1001', 2, 35.00)
            ) as t({COLUMNS}, tag_key, tag_status, is_required, sub_account_name, service_name, cost_center,
                resource_count, effective_cost)
        """)
        names = ", ".join(Violation.__dataclass_fields__)
        marks = ", ".join("?" * len(Violation.__dataclass_fields__))
        kinds = {"first_seen": "date", "last_seen": "date", "effective_cost": "decimal(38,12)"}
        declared = ", ".join(f"{n} {kinds.get(n, 'varchar')}" for n in Violation.__dataclass_fields__)
        connection.execute(f"create table mart_tag_violations ({declared})")
        for each in (VIOLATION, replace(VIOLATION, billing_period="2025-01", first_seen=date(2025, 1, 9))):
            values = [getattr(each, name) for name in Violation.__dataclass_fields__]
            connection.execute(f"insert into mart_tag_violations ({names}) values ({marks})", values)
        connection.execute("""
            create table mart_unallocated_costs as
            select '2025-02' as billing_period, 'aws' as provider, 'USD' as billing_currency,
                100.0::decimal(38,12) as effective_cost, 70.0::decimal(38,12) as tagged_effective_cost,
                10.0::decimal(38,12) as unallocated_effective_cost
        """)
        connection.execute(f"""
            create table fct_daily_costs as
            select *, 'Compute' as service_category, 'Usage' as charge_category, 'eu-west-1' as region_id,
                'payer' as billing_account_id, 'EC2' as service_name, account as sub_account_name
            from (values
                ('2025-02', 'aws', 'USD', date '2025-02-01', 'a', 'a', '(unallocated)', '(none)', 8.0::decimal(38,12)),
                ('2025-02', 'aws', 'USD', date '2025-02-01', 'b', 'b', 'cc-1001', 'tag', 4.0),
                ('2025-02', 'aws', 'USD', date '2025-02-01', 'c', 'c', 'cc-1001', 'rule:old@1', 2.0)
            ) as t({COLUMNS}, charge_date, sub_account_id, account, cost_center, cost_center_source, effective_cost)
        """)
        marts = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
    partitions = {"aws/2025-01": {"rows": 1}, "aws/2025-02": {"rows": 1}}
    manifest = {
        "marts": {name: {} for name in marts},
        "billing_periods": ["2025-01", "2025-02"],
        "fact": {"partitions": partitions},
        "tag_policies": {"aws/2025-01": "older", "aws/2025-02": load(settings).digest},
        "tag_parents": dict.fromkeys(partitions, load(settings).parents_digest),
    }
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return settings


def test_shares_are_of_what_must_carry_the_key_in_the_last_month_published(published: Settings) -> None:
    keys, months, _ = service.compliance(published, [], "company")
    of = {key.tag_key: key for key in keys}

    assert {key.billing_period for key in keys} == {"2025-02"}
    assert of["cost-center"].cost_share("valid") == Decimal("0.75")
    assert of["cost-center"].resource_share("valid") == Decimal("0.75")
    assert of["ai-stage"].cost_share("wrong_value") == 1, "tax need not say its stage"
    assert (months[0].untagged, months[0].unallocated) == (30, 10)


@pytest.mark.parametrize("by", ["provider", "account", "service", "cost-center"])
def test_shares_can_be_had_by_provider_account_service_and_cost_centre(published: Settings, by: str) -> None:
    keys, *_ = service.compliance(published, [BillingPeriod(2025, 2)], by)

    assert sum(sum(key.cost.values()) for key in keys if key.tag_key == "cost-center") == 40


def test_a_month_that_is_not_published_is_refused_by_name(published: Settings) -> None:
    with pytest.raises(BadInput, match="billing period 2031-01 is not published; published: 2025-01 to 2025-02"):
        service.compliance(published, [BillingPeriod(2031, 1)], "company")


def test_resources_whose_parent_could_be_several_are_counted_in_check_and_compliance(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two resources in February, one of them for two keys; another month's is not counted with them."""
    monkeypatch.setenv("FINOPS_HOME", str(published.root))
    with duckdb.connect(str(latest(published).database)) as connection:
        for period, resource, key in (("02", "a", "x"), ("02", "a", "y"), ("02", "b", "x"), ("01", "c", "x")):
            connection.execute(
                "insert into mart_tag_violations select * replace (? as billing_period, ? as resource_id, ? as tag_key,"
                " 'ambiguous_parent' as suggested_by) from mart_tag_violations limit 1",
                [f"2025-{period}", resource, key],
            )
    done = [CliRunner().invoke(app, ["tags", *words]) for words in (("check",), ("compliance",))]

    for each in done:
        assert each.exit_code == 0
        assert "2025-02: 2 resources name a parent that several could be" in each.stdout
    assert "2025-01: 1 resources" in done[0].stdout
    assert "2025-01: 1 resources" not in done[1].stdout


def test_a_violation_was_first_seen_in_the_month_it_began(published: Settings, tmp_path: Path) -> None:
    written = service.write_worklists(published, None, tmp_path / "lists")
    (owner, name, count), rows = written[0], _csv(tmp_path / "lists" / written[0][1])

    assert (owner, count, rows[0]["first_seen"], rows[0]["effective_cost"][:5]) == (
        "ada@example.com",
        1,
        "2025-01-09",
        "12.50",
    )
    assert _csv(tmp_path / "lists" / "index.csv") == [{"likely_owner": "ada@example.com", "file": name, "rows": "1"}]


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


HOSTILE = [
    "\x1b[31mred\x1b[0m\r\n",
    "abc\u202egnp.exe",
    "مشروع",
    "[bold]x[/]",
    "=1+1",
    "@cmd",
    "-2",
    "../../etc/passwd",
    "<script>",
    "x" * 4096,
    "研究🚀",
    'a"b,\nc',
]


def test_hostile_text_is_text_in_a_work_list_and_no_path_in_its_name(tmp_path: Path) -> None:
    rows = [replace(VIOLATION, likely_owner=text, found_value=text, resource_id=text) for text in HOSTILE]
    worklist.write(rows, tmp_path / "lists")

    assert {path.parent for path in tmp_path.rglob("*.csv")} == {tmp_path / "lists"}
    for text in HOSTILE:
        (row,) = _csv(tmp_path / "lists" / worklist.file_name(text))
        for column in ("likely_owner", "found_value", "resource_id"):
            assert row[column].removeprefix("'") == text
            assert not row[column].startswith(("=", "@", "-", "+"))


def test_hostile_text_is_a_short_line_of_text_on_a_terminal(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_HOME", str(published.root))
    with duckdb.connect(str(latest(published).database)) as connection:
        for text in HOSTILE:
            connection.execute(
                "insert into mart_tag_compliance select * replace (? as sub_account_name) from mart_tag_compliance"
                " where tag_key = 'cost-center' and tag_status = 'valid' limit 1",
                [text],
            )
    done = CliRunner().invoke(app, ["tags", "compliance", "--by", "account"])

    assert done.exit_code == 0
    for text in ("[bold]x[/]", "=1+1", "<script>", "研究🚀", "abc\N{REPLACEMENT CHARACTER}gnp.exe"):
        assert text in done.stdout
    assert not [each for each in done.stdout.replace("\n", "") if not each.isprintable()]
    assert "x" * 61 not in done.stdout.replace("\n", "")


@given(st.text(max_size=300), st.text(max_size=300))
def test_two_owners_never_share_a_list(first: str, second: str) -> None:
    assert (worklist.file_name(first) == worklist.file_name(second)) == (first == second)
    assert len(worklist.file_name(first)) < 60


def test_resources_that_need_the_same_tags_are_repaired_by_one_call_of_twenty_at_most() -> None:
    rows = [replace(VIOLATION, resource_id=f"i-{number:017x}") for number in range(21)]
    rows += [replace(VIOLATION, resource_id=f"i-{0:017x}", tag_key="ai-stage", suggested_value="training")]
    calls = [shlex.split(call) for call in repair.plan(rows).calls if not call.startswith("#")]

    assert calls[0][:5] == ["aws", "resourcegroupstaggingapi", "tag-resources", "--region", "eu-west-1"]
    tags = [json.loads(call[-1]) for call in calls]
    assert tags == [{"ai-stage": "training", "cost-center": "cc-1001"}, {"cost-center": "cc-1001"}]
    assert (
        sum(word.startswith("arn:aws:ec2:eu-west-1:210000000011:instance/i-") for call in calls for word in call) == 21
    )
    many = [replace(VIOLATION, resource_id=f"i-{number:017x}") for number in range(45)]
    assert [call.count("arn:aws:ec2") for call in repair.plan(many).calls[1:]] == [20, 20, 5]


@pytest.mark.parametrize(
    ("change", "arn"),
    [
        ({"resource_id": "arn:aws:s3:::bucket"}, "arn:aws:s3:::bucket"),
        ({"resource_id": "vol-0123456789abcdef0"}, "arn:aws:ec2:eu-west-1:210000000011:volume/vol-0123456789abcdef0"),
        ({"resource_id": "bucket", "service_name": "Amazon Simple Storage Service"}, "arn:aws:s3:::bucket"),
        (
            {"resource_id": "i-0123456789abcdef0", "region_id": "cn-north-1"},
            "arn:aws-cn:ec2:cn-north-1:210000000011:instance/i-0123456789abcdef0",
        ),
        ({"resource_id": "file:///etc/passwd"}, None),
        ({"resource_id": "i-0123456789abcdef0; rm -rf /"}, None),
        ({"resource_id": "whatever"}, None),
    ],
)
def test_an_arn_is_the_bill_s_or_follows_from_it(change: dict[str, str], arn: str | None) -> None:
    assert repair.arn(replace(VIOLATION, **change)) == arn  # type: ignore[arg-type]


def test_what_is_only_a_guess_or_no_tag_is_left_out_with_its_reason() -> None:
    rows = [
        replace(VIOLATION, suggested_by="account"),
        replace(VIOLATION, tag_key="owner", suggested_value="<script>alert(1)</script>"),
        replace(VIOLATION, tag_key="ai-model", suggested_value="(none)", suggested_by="(none)"),
    ]
    found = repair.plan(rows)

    assert found.calls == ()
    assert [key for _, key, _ in found.skipped] == ["cost-center", "owner", "ai-model"]
    assert len(repair.plan(rows, with_guesses=True).calls) == 2


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_a_bill_says_becomes_a_command(resource: str, value: str) -> None:
    """Every line of the script is a comment or exactly one call whose words are as given."""
    rows = [replace(VIOLATION, resource_id=resource, sub_account_id=value), replace(VIOLATION, suggested_value=value)]
    words = shlex.split(repair.script(repair.plan(rows)), comments=True)

    starts = [n for n, word in enumerate(words) if word == "aws"]
    assert starts == list(range(0, len(words), 9))
    for start in starts:
        assert json.loads(words[start + 8]) == {"cost-center": value}


def test_a_repair_plan_is_written_and_says_that_nothing_was_done(published: Settings, tmp_path: Path) -> None:
    plan = service.write_repair(published, None, tmp_path / "repair.sh", with_guesses=False)

    assert len(plan.calls) == 2
    assert "Dry run: nothing of this was executed" in (tmp_path / "repair.sh").read_text(encoding="utf-8")


def test_the_dry_run_says_which_costs_would_change_owner_and_which_rules_match_nothing(
    published: Settings, tmp_path: Path
) -> None:
    settings = _with_rules(
        published,
        tmp_path,
        "rules:\n"
        "  - {id: a, set: {cost-center: cc-1002}, when: {sub_account_name: [a, b]}}\n"
        "  - {id: idle, set: {cost-center: cc-1003}, when: {sub_account_name: nobody}}\n"
        "  - {id: volumes, set: {cost-center: cc-1003}, when: {resource_id: vol-*}}\n"
        "  - {id: b, set: {cost-center: cc-1004}, when: {sub_account_name: b}, overrides: always}\n",
    )
    found = service.check(settings, [])
    shifts = [(s.source, s.new_cost_center, s.new_source, s.effective_cost) for s in found.shifts]

    assert sorted(shifts) == [
        ("(none)", "cc-1002", "rule:a@1", 8),
        ("rule:old@1", "(unallocated)", "(none)", 2),
        ("tag", "cc-1004", "rule:b@1", 4),
    ]
    assert found.idle_rules == ("rule:idle@1",)
    assert found.undecided_rules == ("rule:volumes@1",)
    assert found.outdated == ("aws/2025-01", "aws/2025-02")


def _with_rules(published: Settings, tmp_path: Path, text: str) -> Settings:
    """Return the settings of the published months with the shipped policy and other rules."""
    config = tmp_path / "config"
    config.mkdir()
    policy = published.configuration_dir / "tag_policy.yml"
    (config / "tag_policy.yml").write_text(policy.read_text(encoding="utf-8"), encoding="utf-8")
    (config / "virtual_tags.yml").write_text(text, encoding="utf-8")
    return Settings(home=published.home, config_dir=config)


def test_changed_parents_are_said_to_show_only_after_a_build(
    published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dry run sees owners and no names of volumes: "nothing would change" alone would be a promise."""
    says = "aws/2025-01, aws/2025-02: built by other parents than virtual_tags.yml has now"
    assert service.check(published, []).other_parents == ()
    other = _with_rules(published, tmp_path, 'parents: [{key: disk, resource: "*/disks/{value}"}]')
    monkeypatch.setenv("FINOPS_HOME", str(published.root))
    assert says not in CliRunner().invoke(app, ["tags", "check"]).stdout

    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(other.config_dir))
    (line,) = [each for each in CliRunner().invoke(app, ["tags", "check"]).stdout.splitlines() if says in each]
    assert line.endswith("shows only after `finops build --billing-period YYYY-MM`")


def test_another_rule_beside_the_same_parents_is_no_change_of_parents(published: Settings, tmp_path: Path) -> None:
    same = (published.configuration_dir / "virtual_tags.yml").read_text(encoding="utf-8").split("account_labels:\n")[0]
    found = service.check(_with_rules(published, tmp_path, same + "rules: []\n"), [])

    assert found.outdated == ("aws/2025-01", "aws/2025-02")
    assert found.other_parents == ()


def test_months_that_an_older_policy_resolved_are_named(published: Settings) -> None:
    assert service.check(published, []).outdated == ("aws/2025-01",)
