"""Budgets of a Cloud Billing account. https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import google.auth
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.billing import budgets_v1 as api
from google.type.money_pb2 import Money

from finops.budgets.mirror.models import Dialect, Filter, Forbidden, Found, Terms, Wanted
from finops.core.cloud_login import CloudLogin
from finops.core.errors import BadInput, Unavailable
from finops.core.text import shown
from finops.policy.budgets import Measure, Mirror
from finops.policy.budgets.calendar import Per

SCOPES = ("https://www.googleapis.com/auth/cloud-billing",)
SECONDS = 60
"""For one answer, with all its repetitions."""

_PERIODS = {Per.MONTH: "MONTH", Per.QUARTER: "QUARTER", Per.YEAR: "YEAR"}
_PER = {name: per for per, name in _PERIODS.items()}
_BASES = {Measure.ACTUAL: "CURRENT_SPEND", Measure.FORECAST: "FORECASTED_SPEND"}
_MEASURES = {name: measure for measure, name in _BASES.items()}
_PROJECTS = "projects"
_BUSY = (exceptions.TooManyRequests, exceptions.ServiceUnavailable)
_RETRY: dict[str, Any] = {
    "retry": Retry(predicate=if_exception_type(*_BUSY), initial=1, maximum=10, timeout=SECONDS),
    "timeout": SECONDS,
}
_ONCE: dict[str, Any] = {
    # A creation without an answer may have happened; only what was surely refused is tried again.
    "retry": Retry(predicate=if_exception_type(exceptions.TooManyRequests), initial=1, maximum=10, timeout=SECONDS),
    "timeout": SECONDS,
}


def _counted(terms: Terms) -> Terms:
    """Leave of projects how many there are: Google answers with their numbers, which a scope does not have."""
    filters = {
        (kind, name, (str(len(values)),)) if name == _PROJECTS else (kind, name, values)
        for kind, name, values in terms.filters
    }
    return replace(terms, filters=frozenset(filters))


DIALECT = Dialect(
    dimensions={"sub_account_id": _PROJECTS},
    # Google names none; the console's own limit is far above.
    most_alerts=50,
    longest_name=60,
    has_end=False,
    one_tag=True,
    comparable=_counted,
)


class GcpBudgets:
    """The budgets of a billing account; they count cost after credits, and begin at midnight in Pacific time."""

    dialect = DIALECT

    def __init__(self, mirror: Mirror, login: CloudLogin | None = None) -> None:
        self._mirror = mirror
        credentials = login.credential if login else None
        if credentials is None:
            try:
                credentials, _ = google.auth.default(scopes=SCOPES)
            except GoogleAuthError:
                says = "no usable Google credentials; configure Google's own chain"
                raise Forbidden(f"mirror {mirror.name}: {says}") from None
        options = {"api_endpoint": login.endpoint} if login and login.endpoint else None
        self._client = api.BudgetServiceClient(credentials=credentials, transport="rest", client_options=options)

    def read(self) -> Sequence[Found]:
        """Return the budgets of the billing account. Google says neither what is spent nor what is forecast."""
        with self._asking("list"):
            return [self._found(each) for each in self._client.list_budgets(parent=self._mirror.scope, **_RETRY)]

    def create(self, wanted: Wanted) -> None:
        """Create a budget."""
        with self._asking("create"):
            self._client.create_budget(parent=self._mirror.scope, budget=_budget(wanted), **_ONCE)

    def update(self, found: Found, wanted: Wanted) -> None:
        """Change a budget, unless somebody else has since."""
        budget = _budget(wanted)
        budget.name, budget.etag = found.raw.name, found.raw.etag
        mask = {"paths": ["display_name", "budget_filter", "amount", "threshold_rules", "notifications_rule"]}
        with self._asking("update"):
            self._client.update_budget(request={"budget": budget, "update_mask": mask}, **_RETRY)

    def remove(self, found: Found) -> None:
        """Remove a budget."""
        with self._asking("delete"):
            self._client.delete_budget(name=found.raw.name, **_RETRY)

    def _found(self, budget: Any) -> Found:
        money = budget.amount.specified_amount
        # A budget may also be what the period before has cost.
        amount = _decimal(money) if "specified_amount" in budget.amount else None
        is_ours = budget.display_name.startswith(self._mirror.prefix)
        terms = self._terms(budget, amount) if is_ours else None
        return Found(budget.display_name, money.currency_code, amount, None, None, terms, budget)

    def _terms(self, budget: Any, amount: Decimal | None) -> Terms:
        rule = budget.notifications_rule
        alerts = {
            (_MEASURES[each.spend_basis.name], Decimal(str(round(each.threshold_percent * 100, 6))).normalize())
            for each in budget.threshold_rules
            if each.spend_basis.name in _MEASURES
        }
        told = {*rule.monitoring_notification_channels, rule.pubsub_topic} - {""}
        return Terms(
            amount=amount or Decimal(0),
            currency=budget.amount.specified_amount.currency_code,
            per=_PER.get(budget.budget_filter.calendar_period.name, Per.WEEK),
            end=None,
            filters=_filters_of(budget.budget_filter),
            alerts=frozenset(alerts),
            notify=frozenset(told),
        )

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        where = f"mirror {self._mirror.name}: budgets of {self._mirror.scope}"
        try:
            yield
        except (*_BUSY, exceptions.RetryError, exceptions.ServerError, TransportError, OSError) as error:
            raise Unavailable(f"{where} does not answer ({type(error).__name__}); run again later") from None
        except exceptions.Forbidden:
            raise Forbidden(f"{where}: access denied; allow billing.budgets.{permission}") from None
        except (exceptions.Unauthorized, GoogleAuthError) as error:
            raise Forbidden(f"{where}: the credentials are refused ({type(error).__name__}); correct them") from None
        except exceptions.Conflict:
            raise BadInput(f"{where}: somebody else has changed it; run again") from None
        except exceptions.GoogleAPICallError as error:
            raise BadInput(f"{where} refuses it ({error.code}): {shown(str(error.message), 300)}") from None


def _budget(wanted: Wanted) -> Any:
    terms = wanted.terms
    found = api.Filter(calendar_period=_PERIODS[terms.per])
    for kind, name, values in terms.filters:
        if kind == "tag":
            found.labels = {name: list(values)}
        else:
            found.projects = [f"projects/{each}" for each in values]
    units = int(terms.amount)
    money = Money(currency_code=terms.currency, units=units, nanos=int((terms.amount - units) * 10**9))
    return api.Budget(
        display_name=wanted.name,
        budget_filter=found,
        amount=api.BudgetAmount(specified_amount=money),
        threshold_rules=[
            api.ThresholdRule(threshold_percent=float(percent) / 100, spend_basis=_BASES[measure])
            for measure, percent in sorted(terms.alerts)
        ],
        notifications_rule=_rule(terms),
    )


def _rule(terms: Terms) -> Any:
    topics = [each for each in terms.notify if "/topics/" in each]
    channels = sorted(terms.notify - set(topics))
    if not terms.notify:
        return None
    return api.NotificationsRule(
        pubsub_topic=topics[0] if topics else "",
        schema_version="1.0" if topics else "",
        monitoring_notification_channels=channels,
        # With thresholds Google wants somebody to get mail: its own default where no channel is named.
        disable_default_iam_recipients=bool(channels),
    )


def _filters_of(found: Any) -> frozenset[Filter]:
    filters: set[Filter] = {("tag", key, tuple(sorted(map(str, values)))) for key, values in found.labels.items()}
    if found.projects:
        filters.add(("dimension", _PROJECTS, tuple(sorted(each.removeprefix("projects/") for each in found.projects))))
    others = (found.services, found.subaccounts, found.resource_ancestors, found.credit_types)
    if any(others):
        filters.add(("other", "", ()))
    return frozenset(filters)


def _decimal(money: Any) -> Decimal:
    return Decimal(money.units) + Decimal(money.nanos) / 10**9
