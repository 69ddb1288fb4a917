"""The root cause of an incident: the smallest set of values of dimensions that explains its excess.

The incident's days are compared with the four weeks before, weekday by weekday: each charge before counts with a weight
such that its weekday has as many days as in the incident. What a value added is its cost in the incident less that.

The search is greedy, after Adtributor (Bhagwan et al., NSDI 2014): among the values that hold at least ``EXPLAINED`` of
the excess, the one with the smallest part of the usual cost surprises most, and is taken; the search goes on within it
until nothing narrows. Where no value alone holds enough, up to ``MOST`` of one dimension do. Parsimony: a value that
all the usual cost has too narrows nothing and is no cause; where the incident is, is said beside it as context.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from finops.anomalies import lines, price_quantity
from finops.anomalies.episodes import BEFORE
from finops.anomalies.models import Cause, Episode, Explained, Role
from finops.anomalies.series import condition
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.sql import compose
from finops.policy.anomalies import Dimension

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

EXPLAINED = 0.8
MOST = 3
_NARROWS = 0.98
"""A value that holds more of the usual cost than this narrows nothing."""
RESOURCE, SKU = "resource_id", "sku_meter"
DIMENSIONS = (*map(str, Dimension), SKU, RESOURCE)
_CONTEXT = ("provider", "sub_account_id", "service_name", "region_id", "ai_model", "ai_project", "cost_center")
_RESOURCES = 20


@dataclass(frozen=True, slots=True)
class _Slice:
    """Charges of an incident: ``delta`` sums to the excess, ``base`` to the usual cost."""

    rows: DataFrame

    @property
    def excess(self) -> float:
        return float(self.rows["delta"].sum())

    @property
    def base(self) -> float:
        return float(self.rows["base"].sum())

    def of(self, dimension: str, values: Sequence[str]) -> _Slice:
        return _Slice(self.rows[self.rows[dimension].isin(values)])


def explained(connection: DuckDBPyConnection, episode: Episode) -> Explained:
    """Return why an episode's cost rose, or fell. Without charges of its days nothing is known but where it is."""
    whole = _Slice(_compared(connection, episode))
    fixed = {str(name): value for name, value in episode.key.values}
    if whole.rows.empty or not whole.excess:
        return Explained(tuple(Cause(Role.CAUSE, name, value, 0.0, 1.0) for name, value in fixed.items()))
    causes, found = _narrowed(whole, fixed)
    context = _context(found, whole.excess, {each.dimension for each in causes})
    price, quantity = price_quantity.split(found.rows)
    owner, cost_center = _owner(connection, found, episode)
    by_resource = (found.rows.groupby(RESOURCE)["delta"].sum() * _sign(whole)).sort_values(ascending=False)
    return Explained(
        causes=(*causes, *context),
        text=_words((*causes, *context), found.excess / whole.excess),
        price=price,
        quantity=quantity,
        first_usage=_first_usage(found.rows, episode.first),
        owner=owner,
        cost_center=cost_center,
        resources=tuple(each for each in by_resource.index[:_RESOURCES] if each != ABSENT),
    )


def _compared(connection: DuckDBPyConnection, episode: Episode) -> DataFrame:
    """Return the charges of an episode's days and of the weeks before, weighted weekday by weekday."""
    query = """
        with days as (
            select day, weekday, count(*) filter (where day >= {first}) over by_weekday as inside,
                count(*) filter (where day < {first}) over by_weekday as outside
            from (select day, dayofweek(day) as weekday from (
                select cast(unnest(generate_series({before}, {last}, interval 1 day)) as date) as day
            ))
            window by_weekday as (partition by weekday)
        )
        select charge_days.*, if(day >= {first}, cost, 0) as actual,
            if(day < {first}, cost * inside / nullif(outside, 0), 0) as base, actual - base as delta,
            if(day >= {first}, quantity, 0) as quantity_now,
            if(day < {first}, quantity * inside / nullif(outside, 0), 0) as quantity_before
        from charge_days inner join days using (day)
        where {key}
    """
    bounds = {"first": episode.first, "last": episode.last, "before": episode.first - timedelta(days=BEFORE)}
    asked = compose(query, key=condition(episode.key), **{name: lines.day(value) for name, value in bounds.items()})
    return connection.execute(asked).df()


def _narrowed(whole: _Slice, fixed: dict[str, str]) -> tuple[list[Cause], _Slice]:
    """Return the causes in the order in which they narrow, after the values that the series has; and what is left."""
    causes = [Cause(Role.CAUSE, name, value, whole.excess, 1.0) for name, value in fixed.items()]
    left, here = [each for each in DIMENSIONS if each not in fixed], whole
    while left:
        options = [(name, values) for name in left if (values := _holding(here, name))]
        options = [each for each in options if here.of(*each).base <= _NARROWS * here.base or not here.base]
        options = [each for each in options if len(here.of(*each).rows) < len(here.rows)]
        if not options:
            break
        name, values = min(options, key=lambda each: (len(each[1]), here.of(*each).base, DIMENSIONS.index(each[0])))
        here = here.of(name, values)
        left.remove(name)
        for value in values:
            part = here.of(name, [value]).excess
            causes.append(Cause(Role.CAUSE, name, value, part, part / whole.excess))
        if len(values) > 1:
            break
    return causes, here


def _holding(here: _Slice, dimension: str) -> list[str]:
    """Return the fewest values, at most ``MOST``, that together hold enough of the excess; none where it takes more."""
    parts = (here.rows.groupby(dimension, observed=True)["delta"].sum() / here.excess).sort_values(ascending=False)
    found: list[str] = []
    total = 0.0
    for value, share in parts.head(MOST).items():
        found.append(str(value))
        total += float(share)
        if total >= EXPLAINED:
            return found
    return []


def _context(found: _Slice, excess: float, named: set[str]) -> list[Cause]:
    """Return where the cause lies: values of other dimensions that hold nearly all of it."""
    context = []
    for name in _CONTEXT:
        parts = found.rows.groupby(name, observed=True)["delta"].sum()
        value = (parts * _sign(found)).idxmax()
        if name not in named and parts[value] / found.excess >= EXPLAINED:
            context.append(Cause(Role.CONTEXT, name, str(value), float(parts[value]), float(parts[value]) / excess))
    return context


def _sign(part: _Slice) -> int:
    return 1 if part.excess > 0 else -1


def _first_usage(rows: DataFrame, first: date) -> datetime | None:
    """Return when the first charge of the cause began, on the first odd day or after."""
    inside = rows[(rows["day"].dt.date >= first) & (rows["actual"] > 0)]
    return None if inside.empty else inside["first_start"].min().to_pydatetime()


def _owner(connection: DuckDBPyConnection, found: _Slice, episode: Episode) -> tuple[str, str]:
    """Return the likely owner and cost centre: of the cause's tags, else what its account mostly has."""
    owner, center = (_most(found, name, absent) for name, absent in (("owner", ABSENT), ("cost_center", UNALLOCATED)))
    if owner and center:
        return owner, center
    account = _most(found, "sub_account_id", ABSENT)
    query = """
        select {column} from charge_days
        where sub_account_id = ? and currency = ? and {column} not in ('(none)', '(unallocated)')
        group by 1 order by sum(cost) desc limit 1
    """
    usual = []
    for column in ("owner", "cost_center"):
        row = connection.execute(query.replace("{column}", column), [account, episode.key.currency]).fetchone()
        usual.append(row[0] if row else "")
    return owner or usual[0], center or usual[1]


def _most(found: _Slice, column: str, absent: str) -> str:
    rows = found.rows[found.rows[column] != absent]
    parts = rows.groupby(column, observed=True)["delta"].sum() * _sign(found)
    return str(parts.idxmax()) if len(parts) and parts.max() > 0 else ""


_NAMES = {
    "provider": "provider",
    "sub_account_id": "account",
    "service_name": "service",
    "region_id": "region",
    "cost_center": "cost centre",
    "ai_project": "project",
    "ai_model": "model",
    SKU: "SKU",
    RESOURCE: "resource",
}


def name_of(dimension: str) -> str:
    """Return a dimension's name for people."""
    return _NAMES.get(dimension, dimension)


def _words(causes: Sequence[Cause], share: float) -> str:
    """Return the cause in words, from the whole to the part."""
    values: dict[str, list[str]] = {}
    for each in sorted(causes, key=lambda cause: DIMENSIONS.index(cause.dimension)):
        if each.value not in (ABSENT, UNALLOCATED) or each.role is Role.CAUSE:
            values.setdefault(each.dimension, []).append(each.value)
    parts = [f"{name_of(name)} {' and '.join(found)}" for name, found in values.items()]
    return f"{', '.join(parts)}: {min(max(share, 0), 9.99):.0%} of the excess" if parts else ""
