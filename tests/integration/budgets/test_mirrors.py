"""Budgets in the clouds' own: real clients of the three clouds against stand-ins that answer as the clouds document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.billing.budgets_v1 import CalendarPeriod, ThresholdRule
from servers.aws_budgets import AwsBudgetsServer, aws_budgets_server
from servers.azure_budgets import SUBSCRIPTION, AzureBudgetsServer, azure_budgets_server
from servers.azure_budgets import refusal as azure_refusal
from servers.gcp_budgets import ACCOUNT as BILLING_ACCOUNT
from servers.gcp_budgets import GcpBudgetsServer, gcp_budgets_server
from servers.gcp_budgets import refusal as gcp_refusal
from servers.json_api import Said
from servers.ports import free_port
from servers.proxy import Answer
from typer.testing import CliRunner

from finops.budgets.mirror import azure, gcp
from finops.budgets.mirror.models import Mirrored, What
from finops.cli import app
from finops.core.cloud_login import CloudLogin
from finops.core.settings import Settings
from finops.pipelines import budgets as pipeline
from finops.policy.budgets import Mirror

pytestmark = pytest.mark.integration

TODAY = date(2026, 5, 12)
SNS = "arn:aws:sns:us-east-1:210000000001:budgets"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ops/providers/microsoft.insights/actionGroups/finops"
TOPIC = "projects/meridian-ops/topics/budgets"
TREE = """
tree:
  - {id: aws, currency: USD, from: 2026-01, to: 2026-12, per: year, amount: 9000, scope: {provider: aws}, children: [
      {id: atlas, per: month, amount: AMOUNT, scope: {ai-project: [atlas, zeta]},
       thresholds: [actual 80, forecast 100]}]}
  - {id: azure, currency: USD, from: 2026-01, to: 2026-12, amount: 700.5, thresholds: [actual 100, probability 80],
     scope: {provider: azure, sub_account_id: 11111111-2222-3333-4444-555555555555}}
  - {id: gcp, currency: USD, from: 2026-01, to: 2026-12, per: quarter, amount: 300.25, thresholds: [actual 50],
     scope: {provider: gcp, sub_account_id: meridian-ml, ai-project: atlas}}
"""
MIRRORS = f"""
mirrors:
  - {{name: aws-main, provider: aws, scope: "210000000001", budgets: [aws, atlas], notify: [a@b.example, "{SNS}"]}}
  - {{name: azure-ml, provider: azure, scope: "{SUBSCRIPTION}", budgets: [azure], notify: [a@b.example, "{GROUP}"]}}
  - {{name: gcp-main, provider: gcp, scope: "{BILLING_ACCOUNT}", budgets: [gcp], notify: ["{TOPIC}"]}}
"""
TAGS = """
keys:
  - {name: cost-center, dimension: cost_center, required: true, allowed: [red]}
  - {name: ai-project, dimension: ai_project, required: false}
"""


@dataclass(frozen=True)
class Clouds:
    aws: AwsBudgetsServer
    azure: AzureBudgetsServer
    gcp: GcpBudgetsServer
    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", config_dir=self.folder)

    def configure(self, amount: int = 500, tree: str = TREE, mirrors: str = MIRRORS) -> None:
        (self.folder / "budgets.yml").write_text(tree.replace("AMOUNT", str(amount)) + mirrors, encoding="utf-8")

    def login(self, mirror: Mirror) -> CloudLogin:
        token = SimpleNamespace(token="azure-token", expires_on=4_000_000_000)
        credential = SimpleNamespace(get_token=lambda *_, **__: token)
        return {
            "aws": CloudLogin(self.aws.session, self.aws.proxy.url),
            "azure": CloudLogin(credential, self.azure.url),
            "gcp": CloudLogin(AnonymousCredentials(), self.gcp.url),
        }[mirror.provider]

    def mirror(self, *names: str, apply: bool = False) -> dict[str, Mirrored]:
        found = pipeline.mirror(self.settings, names, apply=apply, login_for=self.login, today=TODAY)
        return {each.mirror.name: each for each in found}


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    # The stand-in has no certificate; Azure's client refuses to send a token without one.
    monkeypatch.setattr("azure.core.pipeline.policies._authentication._enforce_https", lambda _: None)
    (tmp_path / "tag_policy.yml").write_text(TAGS, encoding="utf-8")
    with aws_budgets_server() as aws, azure_budgets_server() as azure_, gcp_budgets_server() as gcp_:
        found = Clouds(aws, azure_, gcp_, tmp_path)
        found.configure()
        yield found


def whats(mirrored: Mirrored) -> list[tuple[str, str]]:
    return [(each.what.value, each.budget or each.name) for each in mirrored.steps]


def test_without_apply_it_is_only_said_what_would_be_done(clouds: Clouds) -> None:
    found = clouds.mirror()
    assert whats(found["aws-main"]) == [("create", "aws"), ("create", "atlas")]
    assert whats(found["azure-ml"]) == [("create", "azure")]
    assert whats(found["gcp-main"]) == [("create", "gcp")]
    assert (clouds.aws.names(), clouds.azure.budgets, clouds.gcp.budgets) == ([], {}, {})
    assert {method for method, _ in clouds.azure.requests + clouds.gcp.requests} == {"GET"}


def test_what_is_applied_is_read_back_and_a_second_time_there_is_nothing_to_do(clouds: Clouds) -> None:
    first = clouds.mirror(apply=True)
    assert not any(each.has_failed for each in first.values())
    clouds.azure.requests.clear()
    clouds.gcp.requests.clear()
    second = clouds.mirror(apply=True)
    assert {each.what for one in second.values() for each in one.steps} == {What.UNCHANGED}
    assert {method for method, _ in clouds.azure.requests + clouds.gcp.requests} == {"GET"}


def test_a_budget_arrives_in_aws_with_its_scope_period_and_who_is_told(clouds: Clouds) -> None:
    clouds.mirror("aws-main", apply=True)
    named = {"AccountId": "210000000001", "BudgetName": "finops_aws-main_atlas"}
    budget = clouds.aws.admin.describe_budget(**named)["Budget"]
    assert budget["BudgetLimit"] == {"Amount": "500", "Unit": "USD"}
    assert (budget["TimeUnit"], budget["Metrics"]) == ("MONTHLY", ["AmortizedCost"])
    assert budget["FilterExpression"] == {"Tags": {"Key": "ai-project", "Values": ["atlas", "zeta"]}}
    assert budget["TimePeriod"]["End"].timestamp() == 1798761600  # 2027-01-01, UTC
    assert clouds.aws.subscribers("finops_aws-main_atlas") == {
        ("ACTUAL", 80.0): ["a@b.example", SNS],
        ("FORECASTED", 100.0): ["a@b.example", SNS],
    }


def test_a_budget_arrives_in_azure_with_its_subscription_for_scope_and_an_action_group(clouds: Clouds) -> None:
    [step] = clouds.mirror("azure-ml", apply=True)["azure-ml"].steps
    said = clouds.azure.budgets["finops_azure-ml_azure"]["properties"]
    assert (said["amount"], said["timeGrain"], said["category"]) == (700.5, "Monthly", "Cost")
    assert {key: value[:10] for key, value in said["timePeriod"].items()} == {
        "startDate": "2026-05-01",
        "endDate": "2026-12-31",
    }
    assert "filter" not in said
    assert said["notifications"] == {
        "Actual_100": {
            "enabled": True,
            "operator": "GreaterThanOrEqualTo",
            "threshold": 100,
            "thresholdType": "Actual",
            "contactEmails": ["a@b.example"],
            "contactGroups": [GROUP.lower()],
        }
    }
    assert step.why == "not told there: probability 80"


def test_a_budget_arrives_in_google_cloud_with_project_label_and_topic(clouds: Clouds) -> None:
    [step] = clouds.mirror("gcp-main", apply=True)["gcp-main"].steps
    [said] = clouds.gcp.budgets.values()
    assert said["displayName"] == "finops_gcp-main_gcp"
    assert said["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "300", "nanos": 250000000}}
    assert said["budgetFilter"] == {
        "projects": ["projects/900"],
        "labels": {"ai-project": ["atlas"]},
        "calendarPeriod": CalendarPeriod.QUARTER,
    }
    assert said["thresholdRules"] == [{"thresholdPercent": 0.5, "spendBasis": ThresholdRule.Basis.CURRENT_SPEND}]
    assert said["notificationsRule"] == {"pubsubTopic": TOPIC, "schemaVersion": "1.0"}
    assert step.why == "counts only what bears ai-project itself, in this spelling"


def test_a_changed_amount_and_what_somebody_changed_there_are_put_right(clouds: Clouds) -> None:
    clouds.mirror(apply=True)
    clouds.configure(amount=650)
    clouds.azure.budgets["finops_azure-ml_azure"]["properties"]["amount"] = 1
    [in_gcp] = clouds.gcp.budgets.values()
    in_gcp["thresholdRules"] = []
    found = clouds.mirror(apply=True)
    assert not any(each.has_failed for each in found.values())
    changed = {each.budget: each.why for one in found.values() for each in one.steps if each.what is What.UPDATE}
    assert changed == {"atlas": "changed: amount", "azure": "changed: amount", "gcp": "changed: alerts"}
    assert clouds.azure.budgets["finops_azure-ml_azure"]["properties"]["amount"] == 700.5
    [in_gcp] = clouds.gcp.budgets.values()
    assert len(in_gcp["thresholdRules"]) == 1
    assert {each.what for one in clouds.mirror().values() for each in one.steps} == {What.UNCHANGED}


def test_thresholds_that_change_are_told_at_the_new_ones_alone(clouds: Clouds) -> None:
    clouds.mirror("aws-main", apply=True)
    clouds.configure(tree=TREE.replace("[actual 80, forecast 100]", "[actual 90]"))
    assert not clouds.mirror("aws-main", apply=True)["aws-main"].has_failed
    assert list(clouds.aws.subscribers("finops_aws-main_atlas")) == [("ACTUAL", 90.0)]


def test_budgets_of_others_are_read_with_their_figures_and_never_touched(clouds: Clouds) -> None:
    limit = {"Amount": "80", "Unit": "USD"}
    theirs = {"BudgetName": "team budget", "BudgetType": "COST", "BudgetLimit": limit, "TimeUnit": "MONTHLY"}
    clouds.aws.admin.create_budget(AccountId="210000000001", Budget=theirs)
    clouds.aws.spent("team budget", "55.5", "91")
    spent = {"currentSpend": {"amount": 3.5, "unit": "USD"}, "forecastSpend": {"amount": 9, "unit": "USD"}}
    period = {"startDate": "2026-01-01T00:00:00Z"}
    properties = {"category": "Cost", "amount": 40, "timeGrain": "Monthly", "timePeriod": period, **spent}
    clouds.azure.put("theirs", properties)
    money = {"specifiedAmount": {"currencyCode": "USD", "units": "7"}}
    for name in ("finops_other_x", "b", "c"):
        clouds.gcp.put({"displayName": name, "budgetFilter": {}, "amount": money})
    before = (dict(clouds.azure.budgets), dict(clouds.gcp.budgets))

    found = clouds.mirror(apply=True)
    foreign = [each.found for one in found.values() for each in one.steps if each.what is What.FOREIGN and each.found]
    assert [(each.name, each.amount, each.actual, each.forecast) for each in foreign] == [
        ("team budget", 80, 55.5, 91),
        ("theirs", 40, 3.5, 9),
        ("finops_other_x", 7, None, None),
        ("b", 7, None, None),
        ("c", 7, None, None),
    ]
    clouds.configure(mirrors=MIRRORS.replace("[aws, atlas]", "[]").replace("[azure]", "[]").replace("[gcp]", "[]"))
    gone = clouds.mirror(apply=True)
    assert [each.name for one in gone.values() for each in one.steps if each.what is What.REMOVE] == [
        "finops_aws-main_aws",
        "finops_aws-main_atlas",
        "finops_azure-ml_azure",
        "finops_gcp-main_gcp",
    ]
    assert clouds.aws.names() == ["team budget"]
    assert (clouds.azure.budgets, clouds.gcp.budgets) == before


def test_one_that_a_lost_answer_made_twice_is_there_once_after_the_next_run(clouds: Clouds) -> None:
    clouds.mirror("gcp-main", apply=True)
    [budget] = clouds.gcp.budgets.values()
    clouds.gcp.put({key: value for key, value in budget.items() if key not in ("name", "etag")})
    assert whats(clouds.mirror("gcp-main", apply=True)["gcp-main"]) == [("unchanged", "gcp"), ("remove", "gcp")]
    assert list(clouds.gcp.budgets) == [budget["name"]]


def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(clouds: Clouds) -> None:
    clouds.mirror(apply=True)
    clouds.configure(tree=TREE.replace("700.5", "800").replace("300.25", "400"))
    clouds.azure.faults[:] = [
        Said(200, {"value": list(clouds.azure.budgets.values())}),
        azure_refusal(412, "PreconditionFailed"),
    ]
    clouds.gcp.faults[:] = [Said(200, {"budgets": list(clouds.gcp.budgets.values())}), gcp_refusal(409, "ABORTED")]
    found = clouds.mirror("azure-ml", "gcp-main", apply=True)
    assert [each.fault.partition(": ")[2].partition(": ")[2] for one in found.values() for each in one.steps] == [
        "somebody else has changed it (PreconditionFailed); run again",
        "somebody else has changed it; run again",
    ]


def aws_denies(_method: str, _target: str) -> Answer:
    says = {"__type": "AccessDeniedException", "Message": "User: arn:aws:iam::1:user/x is not authorized"}
    return Answer(400, json.dumps(says).encode(), "application/x-amz-json-1.1")


DENIALS: dict[str, tuple[Callable[[Clouds], Any], str]] = {
    "aws-main": (lambda clouds: setattr(clouds.aws.proxy, "hook", aws_denies), "allow budgets:ViewBudget"),
    "azure-ml": (
        lambda clouds: clouds.azure.faults.append(azure_refusal(403, "AuthorizationFailed")),
        "allow Microsoft.Consumption/budgets/read",
    ),
    "gcp-main": (
        lambda clouds: clouds.gcp.faults.append(gcp_refusal(403, "PERMISSION_DENIED")),
        "allow billing.budgets.list",
    ),
}


@pytest.mark.parametrize("refusing", DENIALS)
def test_a_cloud_that_denies_access_names_the_permission_and_holds_back_no_other(clouds: Clouds, refusing: str) -> None:
    refuse, permission = DENIALS[refusing]
    refuse(clouds)
    found = clouds.mirror(apply=True)
    assert found[refusing].fault.endswith(f"access denied; {permission}")
    others = [each for name, each in found.items() if name != refusing]
    assert [each.what for one in others for each in one.steps if each.what is not What.CREATE] == []
    assert not any(each.has_failed for each in others)


def test_after_a_refusal_to_write_the_rest_of_that_cloud_is_left(clouds: Clouds) -> None:
    def deny_writing(method: str, target: str) -> Answer | None:
        asked.append(target)
        return aws_denies(method, target) if len(asked) > 1 else None

    asked: list[str] = []
    clouds.aws.proxy.hook = deny_writing
    found = clouds.mirror("aws-main", apply=True)["aws-main"]
    assert [each.fault.partition(": ")[2] for each in found.steps] == [
        "AWS Budgets of 210000000001: access denied; allow budgets:ModifyBudget",
        "",
    ]
    assert found.steps[1].fault == "not tried after that"
    # One that lists, one that writes, one that reads back.
    assert len(asked) == 3


def test_throttling_is_waited_out_a_few_times_and_no_longer(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure, "LONGEST_PAUSE", 0.01)
    busy = {"Retry-After": "3600"}
    clouds.azure.faults[:] = [azure_refusal(429, "TooManyRequests", **busy)] * 2
    assert not clouds.mirror("azure-ml", apply=True)["azure-ml"].has_failed
    clouds.azure.requests.clear()
    clouds.azure.faults[:] = [azure_refusal(429, "TooManyRequests", **busy)] * 50
    assert "is busy (TooManyRequests); run again later" in clouds.mirror("azure-ml")["azure-ml"].fault
    assert len(clouds.azure.requests) == azure.ATTEMPTS


def test_google_s_throttling_is_waited_out_within_bounds(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in (gcp._RETRY, gcp._ONCE):
        monkeypatch.setitem(options, "retry", options["retry"].with_delay(0.01, 0.02).with_timeout(0.5))
    clouds.gcp.faults[:] = [gcp_refusal(429, "RESOURCE_EXHAUSTED")] * 2
    assert not clouds.mirror("gcp-main", apply=True)["gcp-main"].has_failed
    clouds.gcp.faults[:] = [gcp_refusal(429, "RESOURCE_EXHAUSTED")] * 500
    assert clouds.mirror("gcp-main")["gcp-main"].fault.endswith("run again later")


def test_aws_s_throttling_is_bounded(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    says = json.dumps({"__type": "ThrottlingException", "Message": "slow down"}).encode()
    clouds.aws.proxy.hook = lambda *_: Answer(400, says, "application/x-amz-json-1.1")
    assert "is busy (ThrottlingException)" in clouds.mirror("aws-main")["aws-main"].fault
    assert len(clouds.aws.proxy.requests) == 6


def test_a_cloud_that_cannot_be_reached_is_said_to_be_so(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(azure, "ATTEMPTS", 1)
    closed = f"http://127.0.0.1:{free_port()}"

    def login(mirror: Mirror) -> CloudLogin:
        return CloudLogin(clouds.login(mirror).credential, closed)

    found = pipeline.mirror(clouds.settings, login_for=login, today=TODAY)
    for each in found:
        assert re.search(r"does not answer \(\w+\); run again later$", each.fault), each.fault


def test_the_command_shows_what_would_be_done_and_ends_with_1_where_a_cloud_fails(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror_all = pipeline.mirror

    def logged_in(settings: Settings, names: Any, *, apply: bool) -> list[Mirrored]:
        return mirror_all(settings, names, apply=apply, login_for=clouds.login, today=TODAY)

    monkeypatch.setattr(pipeline, "mirror", logged_in)
    monkeypatch.setenv("FINOPS_HOME", str(clouds.folder / "home"))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(clouds.folder))
    clouds.configure(mirrors=MIRRORS.replace("[gcp]", "[gcp, azure]"))
    shown = CliRunner().invoke(app, ["budgets", "mirror"])
    assert shown.exit_code == 0, shown.output
    assert "(nothing is changed)" in shown.output
    assert "left out" in shown.output
    clouds.azure.faults.append(azure_refusal(403, "AuthorizationFailed"))
    answered = CliRunner().invoke(app, ["budgets", "mirror", "--apply", "--json"])
    assert answered.exit_code == 1
    found = {each["name"]: each for each in json.loads(answered.stdout)["mirrors"]}
    assert "Microsoft.Consumption/budgets/read" in found["azure-ml"]["fault"]
    assert [each["what"] for each in found["aws-main"]["budgets"]] == ["create", "create"]
    assert found["gcp-main"]["budgets"][1]["amount"] == "300.25"
    unknown = CliRunner().invoke(app, ["budgets", "mirror", "--mirror", "nowhere"])
    assert unknown.exit_code != 0
