"""A budget is used up: from the published tables to what AWS has, and back once it has recovered.

The budgets are evaluated and published, findings are made of what is published, persons approve, the stand-in for AWS
is changed, and all of it is undone.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from action_steps import ACCOUNT, REGION, World
from tests.published_resources import COSTS, MARTS, publish_resources
from tests.unit.rightsizing.engine.world import DrivenClock

from finops.core.settings import Settings
from finops.pipelines import budgets, rightsizing
from finops.policy import rightsizing as policy
from finops.policy.rightsizing import Account
from finops.rightsizing import costs, proposals
from finops.rightsizing.clients import ConfiguredClients
from finops.rightsizing.engine import applying, approving, planning, service
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import action_journal, actions
from finops_airflow.local.aws_standin import SECRET_KEY, access_key

pytestmark = pytest.mark.integration

DAY = date(2025, 1, 25)
MEMBER = "222233334444"
STAGING, PRODUCTION = f"i-{'a' * 17}", f"i-{'b' * 17}"
GROUP, WORKER = "render-workers", f"i-{'c' * 17}"
SIZES = {"minimum": 1, "maximum": 5, "desired": 3}
TAGS = {"environment": "staging"}

BUDGETS = """
tree:
  - id: machines
    currency: USD
    from: 2025-01
    to: 2025-12
    amount: 0.5
    scope: {provider: aws}
    actions: [{do: approval}, {do: throttle}, {do: stop}, {do: deny}]
"""
POLICY = f"""
dry_run: {{dry_run}}
accounts:
  - {{{{id: "{ACCOUNT}", provider: aws, is_allowed: false, connection: organization}}}}
  - {{{{id: "{MEMBER}", provider: aws, regions: [{REGION}], connection: member, organization: "{ACCOUNT}"}}}}
allow_tags: {{{{environment: [staging]}}}}
caps: {{{{count: 10, percent: 100, monthly_cost: 50000}}}}
approvers: [ada, grace]
rules: {{{{consecutive_findings: 1}}}}
"""


def inventory() -> list[dict[str, Any]]:
    """Return what the member account has, as its inventory says."""
    of = {"account_id": MEMBER, "region": REGION, "state": "running", "tags": TAGS, "instance_type": "m6i.large"}
    machine = {"resource_type": "machine", **of}
    return [
        {"resource_id": STAGING, **machine},
        {"resource_id": PRODUCTION, **machine, "tags": {"environment": "production"}},
        {"resource_id": WORKER, **machine, "group_id": GROUP},
        {"resource_id": GROUP, "resource_type": "group", **of, "details": SIZES},
    ]


def published_inventory() -> str:
    """Return the same as the published mart has it."""
    rows = ", ".join(
        f"('{each['resource_id']}', '{each['resource_type']}', '{each.get('group_id', '')}', "
        f"'{each['tags']['environment'] if each['resource_type'] == 'machine' else '(none)'}', "
        f"'{json.dumps(each['tags'])}', '{json.dumps(each.get('details', {}))}')"
        for each in inventory()
    )
    return f"""
        select 'aws' as provider, resource_id, 'USD' as billing_currency, resource_type, 'm6i.large' as instance_type,
            if(resource_type = 'machine', 'running', 'active') as state, null::double as size_gb, '' as attached_to,
            null::timestamp as last_used_at, group_id, tags, details, '' as ai_model,
            date '2025-01-01' as first_observed_on, date '2025-01-31' as last_observed_on, 'cc-1' as cost_center,
            '(none)' as ai_project, '(none)' as ai_stage, environment, '{MEMBER}' as account_id, '{REGION}' as region,
            '{REGION}a' as zone, timestamp '2024-10-01' as created_at, false as is_spot, false as has_local_disk
        from (values {rows}) as r(resource_id, resource_type, group_id, environment, tags, details)
    """


@pytest.fixture
def company(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A published January in which the account's machines cost 24 a day each, and a budget that is used up."""
    machines = ", ".join(f"('{each}', 'USD', 24.0)" for each in (STAGING, PRODUCTION, WORKER))
    made = (
        COSTS[: COSTS.index("(values")]
        + f"(values {machines}) as r(resource_id, billing_currency, amount), range(31) as d(day)"
    )
    monkeypatch.setitem(MARTS, "mart_resource_inventory", published_inventory())
    monkeypatch.setitem(MARTS, "mart_resource_costs", made)
    publish_resources(settings)
    own = tmp_path / "own"
    own.mkdir()
    (own / "budgets.yml").write_text(BUDGETS, encoding="utf-8")
    (own / "rightsizing.yml").write_text(POLICY.format(dry_run="false"), encoding="utf-8")
    return settings.model_copy(update={"config_dir": own})


@pytest.fixture(scope="module")
def _member(_world: World) -> boto3.Session:
    account = {"resource_type": "account", "resource_id": MEMBER, "account_id": ACCOUNT, "tags": TAGS}
    _world.aws.seed([*inventory(), account])
    return session(MEMBER)


@pytest.fixture
def member(world: World, _member: boto3.Session) -> boto3.Session:
    """The member account in AWS, as its owner reaches it. Each test leaves it as it was."""
    return _member


def session(account: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=access_key(account), aws_secret_access_key=SECRET_KEY, region_name=REGION)


def login(account: Account) -> boto3.Session:
    """Return an account's own login, as its Airflow Connection has it."""
    return session(account.id)


def engine(company: Settings) -> Tools:
    clients = ConfiguredClients(policy.load(company), login)
    return service.tools(company, clients=clients, clock=DrivenClock())


def state_of(member: boto3.Session) -> dict[str, Any]:
    """Return what AWS says of the machines, the group, and the policies of the account."""
    found = member.client("ec2").describe_instances(InstanceIds=[STAGING, PRODUCTION])["Reservations"]
    states = {one["InstanceId"]: one["State"]["Name"] for each in found for one in each["Instances"]}
    groups = member.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    group = groups["AutoScalingGroups"][0]
    organizations = session(ACCOUNT).client("organizations")
    attached = organizations.list_policies_for_target(TargetId=MEMBER, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    return {
        "staging": states[STAGING],
        "production": states[PRODUCTION],
        "group": [group["MinSize"], group["DesiredCapacity"], group["MaxSize"]],
        "policies": sorted(each["Name"] for each in attached),
    }


BEFORE = {"staging": "running", "production": "running", "group": [1, 3, 5], "policies": ["FullAWSAccess"]}
AFTER = {
    "staging": "stopped",
    "production": "running",
    "group": [1, 1, 1],
    "policies": ["FullAWSAccess", f"finops-budgets-{MEMBER}"],
}


def planned(company: Settings, to: Tools) -> planning.Plan:
    budgets.run(company, DAY)
    rightsizing.find(company, DAY)
    rows = proposals.rows(company, DAY)
    return planning.plan(to, rows, "finops", lambda each: costs.baseline(company, each), replayed=DAY)


def test_what_a_used_up_budget_asks_for_is_approved_done_read_back_and_undone(
    company: Settings, member: boto3.Session
) -> None:
    to = engine(company)
    plan = planned(company, to)
    asked = {(each.action, each.resource_id): each for each in plan.planned if each.rule == "budget_breach"}
    assert set(asked) == {("stop_machine", STAGING), ("scale_group", GROUP), ("attach_policy", MEMBER)}
    # Seven days are left of January; the group's machine is one of three.
    assert round(asked["stop_machine", STAGING].monthly_saving, 6) == 7 * 24
    assert round(asked["scale_group", GROUP].monthly_saving, 6) == 7 * 24 * 2 // 3
    assert applying.apply(to) == [], "nothing without approval"
    complete = {name: approving.approve(to, each.action_id, "ada").is_complete for (name, _), each in asked.items()}
    assert complete == {"stop_machine": True, "scale_group": True, "attach_policy": False}, "an account takes two"
    approving.approve(to, asked["attach_policy", MEMBER].action_id, "grace")
    assert {each.outcome for each in applying.apply(to)} == {actions.APPLIED}
    assert state_of(member) == AFTER
    for each in asked.values():
        assert applying.rollback(to, each.action_id, "grace", "the budget has recovered").outcome == actions.APPLIED
    assert state_of(member) == BEFORE
    with to.database.connect() as connection:
        assert action_journal.verify(connection).fault == ""
        kept = {each.action_id: each.status for each in actions.all_of(connection)}
    assert {kept[each.action_id] for each in asked.values()} == {actions.ROLLED_BACK}


def test_with_dry_run_which_is_the_default_it_is_only_shown(company: Settings, member: boto3.Session) -> None:
    (company.configuration_dir / "rightsizing.yml").write_text(POLICY.format(dry_run="true"), encoding="utf-8")
    to = engine(company)
    for each in planned(company, to).planned:
        approving.approve(to, each.action_id, "ada")
        if each.resource_id == MEMBER:
            approving.approve(to, each.action_id, "grace")
    assert {each.outcome for each in applying.apply(to)} == {applying.WOULD}
    assert state_of(member) == BEFORE
