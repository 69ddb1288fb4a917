"""What of a budget a cloud's own can say, which budgets there are ours, and what is wrong with ``mirrors``."""

from __future__ import annotations

import fnmatch
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.budgets.mirror import aws, azure, express, gcp, plan, service
from finops.budgets.mirror.models import Dialect, Found, Terms, What
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import budgets
from finops.policy.budgets import Line, Measure, Mirror, Threshold
from finops.policy.budgets.calendar import Per

TODAY = date(2026, 5, 12)
TAGS = {"ai_project": "ai-project", "environment": "environment"}
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


def line(**more: Any) -> Line:
    given: dict[str, Any] = {
        "id": "atlas",
        "name": "Atlas",
        "parent": "",
        "depth": 0,
        "scope": (("provider", ("aws",)),),
        "currency": "USD",
        "per": Per.MONTH,
        "amount": Decimal(100),
        "schedule": {},
        "first": date(2026, 1, 1),
        "last": date(2026, 12, 31),
    }
    return Line(**given | more)


def mirror(**more: Any) -> Mirror:
    return Mirror(**{"name": "main", "provider": "aws", "scope": "210000000001", "budgets": "all"} | more)


def why(dialect: Dialect = aws.DIALECT, to: Mirror | None = None, **more: Any) -> str:
    found, reasons = express.wanted(line(**more), to or mirror(), dialect, TAGS, TODAY)
    assert (found is None) == bool(reasons)
    return "; ".join(reasons)


SCOPE = (("provider", ("aws",)),)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"per": Per.WEEK}, "no cloud's budgets have weeks"),
        ({"schedule": {"2026-05": Decimal(3)}}, "its amounts change by month"),
        ({"roll_over": True}, "no cloud's budgets roll over"),
        ({"currency": "EUR"}, "it is in EUR, and the cloud bills USD"),
        ({"kpi": budgets.Kpi.GPU_UTILIZATION}, "no cloud's budgets know KPIs"),
        ({"is_allocated": True}, "it counts shared cost, which no cloud knows"),
        ({"per": Per.YEAR, "first": date(2026, 4, 1), "last": date(2027, 3, 31)}, "this one's begin in April"),
        ({"last": date(2026, 4, 30)}, "it has no period that runs today"),
        ({"scope": ()}, "it counts other clouds too; its scope would have to say provider: aws"),
        ({"scope": (("provider", ("aws", "gcp")),)}, "it counts other clouds too"),
        ({"scope": (("provider", ("azure",)),)}, "it is of azure"),
        ({"scope": (*SCOPE, ("cost_center", ("cc-1001",)))}, "cost_center is no dimension there"),
        ({"scope": (*SCOPE, ("service_name", ("Amazon EC2",)))}, "service_name is no dimension there"),
        ({"scope": (*SCOPE, ("ai_project", ("(none)",)))}, "charges without ai_project cannot be named there"),
        ({"scope": (*SCOPE, ("billing_account_id", ("9",)))}, "it counts billing account 9, and the mirror is of 2100"),
    ],
)
def test_what_no_cloud_can_say_is_left_out_with_its_reason(more: dict[str, Any], reason: str) -> None:
    assert reason in why(**more)


def test_every_reason_is_named_not_the_first_alone() -> None:
    found = why(per=Per.WEEK, currency="EUR", scope=())
    assert all(each in found for each in ("weeks", "it is in EUR", "other clouds too"))


def test_a_subscription_is_the_scope_of_budgets_that_name_it_and_nothing_else() -> None:
    of = mirror(provider="azure", scope=f"/subscriptions/{SUBSCRIPTION}")
    whole = (("provider", ("azure",)),)
    assert "it counts more than this subscription" in why(azure.DIALECT, of, scope=whole)
    scope = (*whole, ("sub_account_id", (SUBSCRIPTION,)))
    found, _ = express.wanted(line(scope=scope), of, azure.DIALECT, TAGS, TODAY)
    assert found is not None
    assert found.terms.filters == frozenset()
    account = mirror(provider="azure", scope="/providers/Microsoft.Billing/billingAccounts/1234")
    found, _ = express.wanted(line(scope=scope), account, azure.DIALECT, TAGS, TODAY)
    assert found is not None
    assert found.terms.filters == {("dimension", "SubscriptionID", (SUBSCRIPTION,))}


def test_google_cloud_takes_one_label_with_one_value() -> None:
    of = mirror(provider="gcp", scope="billingAccounts/0A1B2C-3D4E5F-6A7B8C")
    whole = (("provider", ("gcp",)),)
    assert why(gcp.DIALECT, of, scope=(*whole, ("ai_project", ("atlas",)))) == ""
    assert "one label with one value" in why(gcp.DIALECT, of, scope=(*whole, ("ai_project", ("atlas", "zeta"))))
    two = (*whole, ("ai_project", ("atlas",)), ("environment", ("prod",)))
    assert "one label with one value" in why(gcp.DIALECT, of, scope=two)


def test_without_anybody_to_tell_there_are_no_alerts_and_with_too_many_the_highest_stay() -> None:
    thresholds = tuple(Threshold(Measure.ACTUAL, percent) for percent in (10, 20, 30, 40, 50, 60))
    of = mirror(provider="azure", scope=f"/subscriptions/{SUBSCRIPTION}")
    scope = (("provider", ("azure",)), ("sub_account_id", (SUBSCRIPTION,)))
    found, _ = express.wanted(line(scope=scope, thresholds=thresholds), of, azure.DIALECT, TAGS, TODAY)
    assert found is not None
    assert (found.terms.alerts, found.terms.notify, found.notes) == (frozenset(), frozenset(), ())
    told = of.model_copy(update={"notify": ("a@b.example",)})
    found, _ = express.wanted(line(scope=scope, thresholds=thresholds), told, azure.DIALECT, TAGS, TODAY)
    assert found is not None
    assert {percent for _, percent in found.terms.alerts} == {20, 30, 40, 50, 60}
    assert found.notes == ("not told there: actual 10",)


def test_a_name_is_one_that_every_cloud_takes_and_no_other_id_has() -> None:
    ids = ("atlas", "Atlas", "cc-1001/USD", "cc-1001-usd", "a.b", "a-b", "x" * 80, "x" * 79)
    names = [express.name_of(mirror(), each, 60) for each in ids]
    assert names[0] == "finops_main_atlas"
    assert len(set(names)) == len(ids)
    for each in names:
        assert re.fullmatch(r"finops_main_[a-z0-9-]{1,48}", each)


def test_two_mirrors_never_take_each_other_s_budgets_for_their_own() -> None:
    theirs = Found("finops_main-2_atlas", "USD", Decimal(1), None, None)
    [step] = plan.steps(mirror(), aws.DIALECT, [], {}, [theirs], TODAY)
    assert step.what is What.FOREIGN


def test_terms_say_what_they_differ_in() -> None:
    terms = Terms(Decimal(1), "USD", Per.MONTH, None)
    assert terms.differences(Terms(Decimal("1.00"), "USD", Per.MONTH, None)) == ()
    assert terms.differences(Terms(Decimal(2), "USD", Per.YEAR, None)) == ("amount", "per")


def test_a_tag_that_rules_fill_too_is_no_tag_a_cloud_could_count_by(tmp_path: Path) -> None:
    keys = "keys: [{name: cost-center, dimension: cost_center, required: true, allowed: [red]}, KEY]"
    key = "{name: ai-project, dimension: ai_project, required: false}"
    (tmp_path / "tag_policy.yml").write_text(keys.replace("KEY", key), encoding="utf-8")
    rules = "rules: [{id: all, version: 1, set: {cost-center: red}, when: {provider: aws}}]"
    (tmp_path / "virtual_tags.yml").write_text(rules, encoding="utf-8")
    settings = Settings(home=tmp_path, config_dir=tmp_path)
    assert service.tags_by_dimension(settings) == {"ai_project": "ai-project"}


ROOT = "tree:\n  - {id: all, currency: USD, from: 2026-01, to: 2026-12, amount: 1000}\nmirrors:\n"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{name: a, provider: aws, scope: '2100', budgets: all}", r"'2100' is none of aws: an account's 12 digits"),
        ("{name: a, provider: gcp, scope: '210000000001', budgets: all}", "none of gcp: billingAccounts/XXXXXX"),
        ("{name: a, provider: azure, scope: /subscriptions/x, budgets: all}", "none of azure: /subscriptions/ID"),
        ("{name: a, provider: aws, scope: '210000000001', budgets: [nowhere]}", "there is no budget 'nowhere'"),
        ("{name: A_b, provider: aws, scope: '210000000001', budgets: all}", "name"),
        ("{name: a, provider: aws, scope: '210000000001', budgets: all, notify: [x]}", "'x' cannot be told by aws"),
        ("{name: a, provider: oci, scope: '210000000001', budgets: all}", "provider"),
    ],
)
def test_a_mirror_that_cannot_be_is_refused_with_file_and_line(tmp_path: Path, entry: str, fault: str) -> None:
    (tmp_path / "budgets.yml").write_text(f"{ROOT}  - {entry}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=rf"budgets\.yml:4: .*{fault}"):
        budgets.lines(Settings(home=tmp_path, config_dir=tmp_path))


def test_two_mirrors_of_one_name_are_refused(tmp_path: Path) -> None:
    entry = "  - {name: a, provider: aws, scope: 210000000001, budgets: all}\n"
    (tmp_path / "budgets.yml").write_text(ROOT + entry, encoding="utf-8")
    [found] = budgets.lines(Settings(home=tmp_path, config_dir=tmp_path)).mirrors
    assert found.scope == "210000000001"
    (tmp_path / "budgets.yml").write_text(ROOT + entry * 2, encoding="utf-8")
    with pytest.raises(BadInput, match=r"budgets\.yml:5: .*a is the name of a mirror already"):
        budgets.lines(Settings(home=tmp_path, config_dir=tmp_path))


def test_the_permissions_that_a_denial_names_are_those_of_the_files_and_no_others() -> None:
    folder = Path(__file__).parents[3] / "deploy" / "permissions"
    policy = json.loads((folder / "aws" / "budgets-mirror.json").read_text(encoding="utf-8"))
    read, keep = policy["Statement"]
    assert (read["Action"], keep["Action"]) == ([aws._READ], [aws._MODIFY])
    assert fnmatch.fnmatch(f"arn:aws:budgets::1:budget/{mirror().prefix}x", keep["Resource"][0])
    role = json.loads((folder / "azure" / "budgets-mirror.json").read_text(encoding="utf-8"))
    assert set(role["Actions"]) == {azure._PERMISSION.format(each) for each in ("read", "write", "delete")}
    role = json.loads((folder / "gcp" / "budgets-mirror.json").read_text(encoding="utf-8"))
    wanted = {f"billing.budgets.{each}" for each in ("list", "create", "update", "delete")}
    assert set(role["includedPermissions"]) == wanted
