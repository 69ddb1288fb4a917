"""AWS Budgets, of one account. https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from finops.budgets.mirror.models import Alert, Dialect, Filter, Forbidden, Found, Terms, Wanted
from finops.core.cloud_login import CloudLogin
from finops.core.errors import BadInput, Unavailable
from finops.core.text import shown
from finops.policy.budgets import Measure, Mirror
from finops.policy.budgets.calendar import Per

ATTEMPTS = 6
"""Requests for one answer, the first included; botocore repeats what is throttled."""
REGION = "us-east-1"

DIALECT = Dialect(
    dimensions={"sub_account_id": "LINKED_ACCOUNT", "region_id": "REGION"}, most_alerts=10, longest_name=100
)
_UNITS = {Per.MONTH: "MONTHLY", Per.QUARTER: "QUARTERLY", Per.YEAR: "ANNUALLY"}
_PER = {unit: per for per, unit in _UNITS.items()}
_TYPES = {Measure.ACTUAL: "ACTUAL", Measure.FORECAST: "FORECASTED"}
_MEASURES = {name: measure for measure, name in _TYPES.items()}
_BUSY = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalErrorException"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_READ, _MODIFY = "budgets:ViewBudget", "budgets:ModifyBudget"


class AwsBudgets:
    """The budgets of an account; they count amortized cost."""

    dialect = DIALECT

    def __init__(self, mirror: Mirror, login: CloudLogin | None = None) -> None:
        self._mirror = mirror
        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, connect_timeout=10, read_timeout=60
        )
        endpoint = login.endpoint if login else None
        self._account = {"AccountId": mirror.scope}
        with self._asking(_READ):
            session = (login and login.credential) or boto3.Session()
            self._client = session.client("budgets", region_name=REGION, endpoint_url=endpoint, config=config)

    def read(self) -> Sequence[Found]:
        """Return the cost budgets of the account; usage and reservations have budgets of another kind."""
        with self._asking(_READ):
            pages = self._client.get_paginator("describe_budgets").paginate(**self._account, ShowFilterExpression=True)
            budgets = [each for page in pages for each in page.get("Budgets", ()) if each["BudgetType"] == "COST"]
            return [self._found(each) for each in budgets]

    def create(self, wanted: Wanted) -> None:
        """Create a budget with its notifications."""
        told = [{"Notification": _notification(each), "Subscribers": _subscribers(wanted.terms)}
                for each in sorted(wanted.terms.alerts)]  # fmt: skip
        with self._asking(_MODIFY):
            self._client.create_budget(
                **self._account, Budget=_budget(wanted), **({"NotificationsWithSubscribers": told} if told else {})
            )

    def update(self, found: Found, wanted: Wanted) -> None:
        """Change a budget, and make its notifications anew where they differ."""
        named = {**self._account, "BudgetName": found.name}
        with self._asking(_MODIFY):
            self._client.update_budget(**self._account, NewBudget=_budget(wanted))
            before = found.terms
            if before and (before.alerts, before.notify) == (wanted.terms.alerts, wanted.terms.notify):
                return
            for each in self._notifications(found.name):
                self._client.delete_notification(**named, Notification=each)
            for alert in sorted(wanted.terms.alerts):
                told = {"Notification": _notification(alert), "Subscribers": _subscribers(wanted.terms)}
                self._client.create_notification(**named, **told)

    def remove(self, found: Found) -> None:
        """Remove a budget with its notifications."""
        with self._asking(_MODIFY):
            self._client.delete_budget(**self._account, BudgetName=found.name)

    def _found(self, budget: Mapping[str, Any]) -> Found:
        spend = budget.get("CalculatedSpend", {})
        limit = budget.get("BudgetLimit", {})
        name = budget["BudgetName"]
        return Found(
            name=name,
            currency=limit.get("Unit", ""),
            amount=_amount(limit),
            actual=_amount(spend.get("ActualSpend")),
            forecast=_amount(spend.get("ForecastedSpend")),
            terms=self._terms(budget) if name.startswith(self._mirror.prefix) else None,
            raw=budget,
        )

    def _terms(self, budget: Mapping[str, Any]) -> Terms:
        alerts, notify = set(), set()
        for each in self._notifications(budget["BudgetName"]):
            named = {**self._account, "BudgetName": budget["BudgetName"], "Notification": each}
            pages = self._client.get_paginator("describe_subscribers_for_notification").paginate(**named)
            notify |= {one["Address"] for page in pages for one in page.get("Subscribers", ())}
            alerts.add((_MEASURES[each["NotificationType"]], Decimal(str(each["Threshold"])).normalize()))
        limit = budget.get("BudgetLimit", {"Amount": "0", "Unit": ""})
        return Terms(
            amount=Decimal(limit["Amount"]),
            currency=limit["Unit"],
            per=_PER.get(budget["TimeUnit"], Per.WEEK),
            end=(budget["TimePeriod"]["End"].astimezone(UTC) - timedelta(days=1)).date(),
            filters=_filters_of(budget),
            alerts=frozenset(alerts),
            notify=frozenset(notify),
        )

    def _notifications(self, name: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("describe_notifications_for_budget").paginate(
            **self._account, BudgetName=name
        )
        listed = [each for page in pages for each in page.get("Notifications", ())]
        # Whether it is in alarm is answered, and no part of what names it.
        return [{key: value for key, value in each.items() if key != "NotificationState"} for each in listed]

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        where = f"mirror {self._mirror.name}: AWS Budgets of {self._mirror.scope}"
        try:
            yield
        except ClientError as error:
            code = shown(str(error.response.get("Error", {}).get("Code", "unknown")))
            if code in ("AccessDenied", "AccessDeniedException"):
                raise Forbidden(f"{where}: access denied; allow {permission}") from None
            if code in _EXPIRED:
                raise Forbidden(f"{where}: the credentials have expired; renew them and run again") from None
            if code in _BUSY:
                raise Unavailable(f"{where} is busy ({code}); run again later") from None
            raise BadInput(f"{where} refuses it ({code}): {shown(str(error), 300)}") from None
        except (NoCredentialsError, PartialCredentialsError):
            raise Forbidden(f"{where}: no usable AWS credentials; configure AWS's own chain") from None
        except BotoCoreError as error:
            raise Unavailable(f"{where} does not answer ({type(error).__name__}); run again later") from None


def _budget(wanted: Wanted) -> dict[str, Any]:
    """Return the request. Effective cost is amortized; what shall be counted is given as an expression."""
    terms = wanted.terms
    made: dict[str, Any] = {
        "BudgetName": wanted.name,
        "BudgetType": "COST",
        "BudgetLimit": {"Amount": f"{terms.amount:f}", "Unit": terms.currency},
        "TimeUnit": _UNITS[terms.per],
        "TimePeriod": {"Start": datetime.combine(wanted.start, datetime.min.time(), UTC)},
        "Metrics": ["AmortizedCost"],
    }
    if terms.end:
        made["TimePeriod"]["End"] = datetime.combine(terms.end + timedelta(days=1), datetime.min.time(), UTC)
    parts = [_expression(each) for each in sorted(terms.filters)]
    if parts:
        made["FilterExpression"] = parts[0] if len(parts) == 1 else {"And": parts}
    return made


def _expression(each: Filter) -> dict[str, Any]:
    kind, name, values = each
    return {"Tags" if kind == "tag" else "Dimensions": {"Key": name, "Values": list(values)}}


def _filters_of(budget: Mapping[str, Any]) -> frozenset[Filter]:
    """Return the filters; of a form that we do not write something that equals none of ours."""
    if budget.get("Metrics") != ["AmortizedCost"] or budget.get("CostFilters"):
        return frozenset({("other", "", ())})
    expression = budget.get("FilterExpression") or {}
    found = set()
    for part in expression.get("And", [expression] if expression else []):
        for kind, key in (("tag", "Tags"), ("dimension", "Dimensions")):
            if key in part:
                found.add((kind, part[key]["Key"], tuple(sorted(part[key]["Values"]))))
        if not {"Tags", "Dimensions"} & set(part):
            found.add(("other", "", ()))
    return frozenset(found)


def _notification(alert: Alert) -> dict[str, Any]:
    measure, percent = alert
    return {
        "NotificationType": _TYPES[measure],
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": float(percent),
        "ThresholdType": "PERCENTAGE",
    }


def _subscribers(terms: Terms) -> list[dict[str, str]]:
    return [
        {"SubscriptionType": "SNS" if each.startswith("arn:") else "EMAIL", "Address": each}
        for each in sorted(terms.notify)
    ]


def _amount(spend: Mapping[str, str] | None) -> Decimal | None:
    return Decimal(spend["Amount"]) if spend else None
