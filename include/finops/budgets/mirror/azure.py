"""Azure's budgets, of a subscription or billing account. https://learn.microsoft.com/rest/api/consumption/budgets"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline.policies import RetryPolicy
from azure.identity import CredentialUnavailableError, DefaultAzureCredential
from azure.mgmt.consumption import ConsumptionManagementClient
from azure.mgmt.consumption.models import (
    Budget,
    BudgetComparisonExpression,
    BudgetFilter,
    BudgetFilterProperties,
    BudgetProperties,
    BudgetTimePeriod,
    Notification,
)

from finops.budgets.mirror.models import Dialect, Filter, Forbidden, Found, Terms, Wanted
from finops.core.cloud_login import CloudLogin
from finops.core.errors import BadInput, Unavailable
from finops.core.text import shown
from finops.policy.budgets import Measure, Mirror
from finops.policy.budgets.calendar import Per

ATTEMPTS = 4
"""Requests for one answer, the first included."""
LONGEST_PAUSE = 60
"""Seconds between two of them, whatever Azure asks for."""


def _without_case(terms: Terms) -> Terms:
    """Return terms in lower case: Azure gives ids and names back in a case of its own."""
    filters = {(kind, name.lower(), tuple(each.lower() for each in values)) for kind, name, values in terms.filters}
    notify = {each.lower() for each in terms.notify}
    return replace(terms, filters=frozenset(filters), notify=frozenset(notify))


DIALECT = Dialect(
    dimensions={"sub_account_id": "SubscriptionID"}, most_alerts=5, longest_name=63, comparable=_without_case
)
_GRAINS = {Per.MONTH: "Monthly", Per.QUARTER: "Quarterly", Per.YEAR: "Annually"}
_PER = {grain: per for per, grain in _GRAINS.items()}
_TYPES = {Measure.ACTUAL: "Actual", Measure.FORECAST: "Forecasted"}
_MEASURES = {name: measure for measure, name in _TYPES.items()}
_PERMISSION = "Microsoft.Consumption/budgets/{}"


class _Bounded(RetryPolicy):
    def get_retry_after(self, response: Any) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_PAUSE)


class AzureBudgets:
    """The budgets of a scope; they count actual cost."""

    dialect = DIALECT

    def __init__(self, mirror: Mirror, login: CloudLogin | None = None) -> None:
        self._mirror = mirror
        self._scope = mirror.scope.strip("/")
        self._client = ConsumptionManagementClient(
            (login and login.credential) or DefaultAzureCredential(),
            # Every call names its scope; the client wants one all the same.
            self._scope.rpartition("/")[2],
            base_url=login.endpoint if login else None,
            retry_policy=_Bounded(retry_total=ATTEMPTS - 1),
            connection_timeout=10,
            read_timeout=60,
        )

    def read(self) -> Sequence[Found]:
        """Return the budgets of the scope."""
        with self._asking("read"):
            return [self._found(each) for each in self._client.budgets.list(self._scope)]

    def create(self, wanted: Wanted) -> None:
        """Create a budget."""
        self._put(wanted, wanted.start, None)

    def update(self, found: Found, wanted: Wanted) -> None:
        """Change a budget, unless somebody else has since; its start cannot be changed."""
        self._put(wanted, found.raw.time_period.start_date.date(), found.raw.e_tag)

    def remove(self, found: Found) -> None:
        """Remove a budget."""
        with self._asking("delete"):
            self._client.budgets.delete(self._scope, found.name)

    def _put(self, wanted: Wanted, start: Any, e_tag: str | None) -> None:
        terms = wanted.terms
        period = BudgetTimePeriod(start_date=_midnight(start), end_date=_midnight(terms.end) if terms.end else None)
        properties = BudgetProperties(
            category="Cost",
            amount=terms.amount,
            time_grain=_GRAINS[terms.per],
            time_period=period,
            filter=_filter(terms),
            notifications=_notifications(terms),
        )
        with self._asking("write"):
            self._client.budgets.create_or_update(self._scope, wanted.name, Budget(properties=properties, e_tag=e_tag))

    def _found(self, budget: Budget) -> Found:
        current, forecast = budget.current_spend, budget.forecast_spend
        name = str(budget.name)
        currency = current.unit if current and current.unit else ""
        return Found(
            name=name,
            currency=currency,
            amount=_decimal(budget.amount),
            actual=_decimal(current.amount) if current else None,
            forecast=_decimal(forecast.amount) if forecast else None,
            terms=self._terms(budget, currency) if name.startswith(self._mirror.prefix) else None,
            raw=budget,
        )

    def _terms(self, budget: Budget, currency: str) -> Terms:
        told = list((budget.notifications or {}).values())
        notify = {each for one in told for each in (*(one.contact_emails or ()), *(one.contact_groups or ()))}
        end = budget.time_period.end_date
        return Terms(
            amount=_decimal(budget.amount) or Decimal(0),
            # Azure says it once something is spent.
            currency=currency or self._mirror.currency,
            per=_PER.get(_word(budget.time_grain), Per.WEEK),
            end=end.date() if end else None,
            filters=_filters_of(budget.filter),
            alerts=frozenset(
                (_MEASURES[_word(one.threshold_type) or "Actual"], Decimal(str(one.threshold)).normalize())
                for one in told
                if one.enabled
            ),
            notify=frozenset(notify),
        )

    @contextmanager
    def _asking(self, permission: str) -> Iterator[None]:
        where = f"mirror {self._mirror.name}: Azure budgets of {self._mirror.scope}"
        try:
            yield
        except CredentialUnavailableError:
            raise Forbidden(f"{where}: no usable Azure credentials; configure Azure's own chain") from None
        except ClientAuthenticationError as error:
            # The message may quote what was sent.
            raise Forbidden(f"{where}: the credentials are refused ({type(error).__name__}); correct them") from None
        except HttpResponseError as error:
            code = shown(str(error.error.code if error.error else error.status_code))
            if error.status_code == 403:
                raise Forbidden(f"{where}: access denied; allow {_PERMISSION.format(permission)}") from None
            if error.status_code in (409, 412):
                raise BadInput(f"{where}: somebody else has changed it ({code}); run again") from None
            if error.status_code == 429 or (error.status_code or 0) >= 500:
                raise Unavailable(f"{where} is busy ({code}); run again later") from None
            says = shown(str(error.error.message if error.error else ""), 300)
            raise BadInput(f"{where} refuses it ({code}): {says}") from None
        except AzureError as error:
            raise Unavailable(f"{where} does not answer ({type(error).__name__}); run again later") from None


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _word(value: Any) -> str:
    """Return what Azure wrote; the SDK makes members of enumerations of the words that it knows."""
    return str(getattr(value, "value", value) or "")


def _filter(terms: Terms) -> BudgetFilter | None:
    parts = []
    for kind, name, values in sorted(terms.filters):
        compared = BudgetComparisonExpression(name=name, operator="In", values_property=list(values))
        parts.append({"tags" if kind == "tag" else "dimensions": compared})
    if not parts:
        return None
    if len(parts) == 1:
        return BudgetFilter(**parts[0])
    return BudgetFilter(and_property=[BudgetFilterProperties(**each) for each in parts])


def _filters_of(found: BudgetFilter | None) -> frozenset[Filter]:
    if found is None:
        return frozenset()
    filters = set()
    parts: Sequence[BudgetFilter | BudgetFilterProperties] = found.and_property or [found]
    for part in parts:
        for kind, compared in (("tag", part.tags), ("dimension", part.dimensions)):
            if compared is not None:
                filters.add((kind, compared.name, tuple(sorted(compared.values_property))))
    return frozenset(filters)


def _notifications(terms: Terms) -> dict[str, Notification] | None:
    mails = sorted(each for each in terms.notify if not each.startswith("/"))
    groups = sorted(each for each in terms.notify if each.startswith("/"))
    return {
        f"{_TYPES[measure]}_{percent}": Notification(
            enabled=True,
            operator="GreaterThanOrEqualTo",
            threshold=percent,
            threshold_type=_TYPES[measure],
            contact_emails=mails,
            contact_groups=groups,
        )
        for measure, percent in sorted(terms.alerts)
    } or None
