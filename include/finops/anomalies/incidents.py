"""From what was found to rows of the published tables: how an incident stands, what it cost and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from finops.anomalies import traffic
from finops.anomalies.models import Ending, Episode, Explained, Group, Kind, State, at_midnight
from finops.anomalies.traffic import Surge
from finops.core.dimensions import ABSENT
from finops.core.money import cents, exact_sum
from finops.policy.anomalies import AnomalyPolicy, Dimension, Verdict
from finops.stores.state.incident_feedback import Said

Row = dict[str, Any]
_LIVE = timedelta(days=7)
"""An alert so long after the day that sufficed is one of a run each day; later it is a look at the past."""
_RECENT = 3
_HOURS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run knows of an incident: the id and row it had, why it rose, its traffic, and what was said of it."""

    ident: str
    group: Group
    explained: Explained
    surge: Surge | None
    said: Said | None
    before: Row | None
    account_name: str = ""

    @property
    def title(self) -> str:
        """Where it is, in words: service, account by name, and what tags name."""
        values = dict(self.group.lead.key.values)
        if self.account_name and Dimension.SUB_ACCOUNT in values:
            values[Dimension.SUB_ACCOUNT] = self.account_name
        if len(values) > 1:
            values.pop(Dimension.PROVIDER, None)
        order = (Dimension.SERVICE, Dimension.SUB_ACCOUNT, *Dimension)
        words = {values[name]: None for name in order if values.get(name, ABSENT) != ABSENT}
        return " · ".join(words) or self.group.lead.key.text


def money(value: float) -> Decimal:
    """Return an amount to the cent: twelve decimals, of which two are used."""
    return cents(Decimal(repr(float(value))))


def row(seen: Seen, policy: AnomalyPolicy, run_date: date, now: datetime) -> Row:
    """Return an incident's row of the register."""
    lead = seen.group.lead
    expected = exact_sum(money(each.expected) for each in lead.days)
    actual = exact_sum(money(each.actual) for each in lead.days)
    excess = actual - expected
    price = cents(excess * Decimal(repr(round(seen.explained.price, 6))))
    state, ending = _state(seen, policy)
    first_hour = _first_hour(seen)
    raised_at, is_backfill = _raised(seen, now)
    return {
        "billing_currency": lead.key.currency,
        "incident_id": seen.ident,
        "state": state.value,
        "ending": None if ending is None else ending.value,
        "level": lead.key.level,
        "series": lead.key.text,
        "title": seen.title,
        **{str(name): lead.key.value(name) for name in Dimension},
        "source": lead.source,
        "kind": lead.kind.value,
        "other_series": "; ".join(f"{each.key.text} ({each.source})" for each in seen.group.others),
        "first_day": lead.first,
        "last_day": lead.last,
        "raised_on": lead.raised_on,
        "first_hour": _naive(first_hour),
        "raised_at": _naive(raised_at),
        "run_date": run_date,
        "is_backfill": is_backfill,
        "detection_hours": round(max((raised_at - first_hour) / _HOURS, 0.0), 2),
        "expected_cost": expected,
        "actual_cost": actual,
        "excess_cost": excess,
        "projected_excess_cost": excess + (_ahead(lead, policy) if state is State.OPEN else Decimal(0)),
        "excess_percent": float(excess / expected * 100) if expected > 0 else None,
        "probability": lead.probability,
        "price_excess_cost": price,
        "quantity_excess_cost": excess - price,
        "cause": seen.explained.text or f"{lead.key.level} {lead.key.text}",
        "first_usage_at": seen.explained.first_usage,
        "owner": seen.explained.owner,
        "owner_cost_center": seen.explained.cost_center,
        **_attack(seen, policy),
        "verdict": seen.said.verdict if seen.said else None,
        "verdict_by": seen.said.said_by if seen.said else None,
        "verdict_why": (seen.said.why or None) if seen.said else None,
        "link": f"incidents/{seen.ident}.html",
    }


def _state(seen: Seen, policy: AnomalyPolicy) -> tuple[State, Ending | None]:
    verdict = seen.said.verdict if seen.said else None
    if verdict == Verdict.NO:
        return State.CLOSED, Ending.REJECTED
    if verdict == Verdict.PLANNED:
        return State.CLOSED, Ending.PLANNED
    if seen.group.lead.is_open:
        return State.OPEN, None
    return State.CLOSED, Ending.NEW_LEVEL if seen.group.lead.is_new_level else Ending.USUAL


def _first_hour(seen: Seen) -> datetime:
    """Return the first abnormal hour in the bill: of the hourly watch, else when the first day's usage began."""
    hours = [each.first_hour for each in seen.group.all if each.first_hour is not None]
    usage = seen.explained.first_usage
    begin = at_midnight(seen.group.lead.first)
    if hours:
        return min(hours)
    return begin if usage is None else max(begin, usage.replace(tzinfo=UTC))


def _raised(seen: Seen, now: datetime) -> tuple[datetime, bool]:
    """Return when the alert was given, and whether by a look at the past."""
    if seen.before is not None:
        return seen.before["raised_at"].replace(tzinfo=UTC), bool(seen.before["is_backfill"])
    due = at_midnight(seen.group.lead.raised_on) + timedelta(days=1)
    is_live = now - due <= _LIVE
    return (max(now, due) if is_live else due), not is_live


def _ahead(lead: Episode, policy: AnomalyPolicy) -> Decimal:
    """Return what an open incident costs in the days of the horizon when it goes on as in its last days."""
    by_day: dict[date, float] = {}
    for each in lead.days:
        by_day[each.at.date()] = by_day.get(each.at.date(), 0.0) + each.actual - each.expected
    recent = list(by_day.values())[-_RECENT:]
    return money(sum(recent) / len(recent) * policy.traffic.horizon_days) if recent else Decimal(0)


def _attack(seen: Seen, policy: AnomalyPolicy) -> Row:
    surge, lead = seen.surge, seen.group.lead
    is_attack = surge is not None and lead.excess > 0 and traffic.is_attack(surge, policy.traffic)
    mitigation = traffic.mitigation(lead, seen.explained, surge) if surge is not None and is_attack else None
    return {
        "is_suspected_attack": is_attack,
        "traffic_times": None if surge is None else round(surge.times, 4),
        "top_sources_percent": None if surge is None or surge.share is None else round(100 * surge.share, 4),
        "mitigation": mitigation,
        "avoided_cost": _ahead(lead, policy) if is_attack else None,
        "advice": f"Suspected attack: {mitigation}." if mitigation else _advice(seen),
    }


def _advice(seen: Seen) -> str:
    """Return what to do, by how the incident looks."""
    lead, why = seen.group.lead, seen.explained
    whom = (
        f"Ask {why.owner}"
        if why.owner
        else f"Ask cost centre {why.cost_center}"
        if why.cost_center
        else "Find the owner"
    )
    if lead.kind is Kind.PRICE:
        way = "rose" if lead.excess > 0 else "fell"
        return f"A list price {way}: check it against the contract, and correct forecast and budget."
    if lead.kind is Kind.DROP:
        return f"{whom} whether usage ended by plan; check that the delivery is complete."
    if why.price >= 0.5:
        return f"{whom}: the price of a unit rose, not its use; look for a lost discount or a dearer type."
    if seen.surge is not None and seen.surge.times >= 2:
        return f"{whom} whether {seen.surge.times:.1f} times the usual requests are wanted; limit the rate if not."
    if lead.expected < 0.1 * (lead.expected + lead.excess):
        return f"{whom} whether what began on {lead.first} is still needed; stop it if nobody knows it."
    if lead.is_new_level:
        return f"{whom} whether the new level stays, and correct forecast and budget."
    return f"{whom} what changed on {lead.first} in the cause; scale it back, or answer `planned`."


def causes(seen: Seen) -> list[Row]:
    """Return an incident's rows of causes."""
    return [
        {
            "billing_currency": seen.group.lead.key.currency,
            "incident_id": seen.ident,
            "rank": rank,
            "role": each.role.value,
            "dimension": each.dimension,
            "value": each.value,
            "excess_cost": money(each.excess),
            "share": round(each.share, 6),
        }
        for rank, each in enumerate(seen.explained.causes, 1)
    ]


def points(seen: Seen) -> list[Row]:
    """Return an incident's rows of its chart."""
    return [
        {
            "billing_currency": seen.group.lead.key.currency,
            "incident_id": seen.ident,
            "ds": _naive(each.at),
            "expected_cost": money(each.expected),
            "low_cost": money(each.low),
            "high_cost": money(each.high),
            "actual_cost": money(each.actual),
            "is_odd": each.is_odd,
        }
        for each in seen.group.lead.points
    ]


def restated(before: Row, actual: float, run_date: date) -> Row:
    """Return the row of a published incident that the data no longer show: closed, with what its days cost now."""
    now = money(actual)
    excess = now - before["expected_cost"]
    figures = {"actual_cost": now, "excess_cost": excess, "projected_excess_cost": excess, "run_date": run_date}
    figures |= {"price_excess_cost": Decimal(0), "quantity_excess_cost": excess}
    expected = before["expected_cost"]
    figures["excess_percent"] = float(excess / expected * 100) if expected > 0 else None
    return {**before, **figures, "state": State.CLOSED.value, "ending": Ending.RESTATED.value}


def answered(before: Row, said: Said | None) -> Row:
    """Return a published row with the last word on it."""
    if said is None:
        return before
    ending = {Verdict.NO: Ending.REJECTED.value, Verdict.PLANNED: Ending.PLANNED.value}.get(Verdict(said.verdict))
    changed = {"verdict": said.verdict, "verdict_by": said.said_by, "verdict_why": said.why or None}
    return {**before, **changed, **({"state": State.CLOSED.value, "ending": ending} if ending else {})}


def filed(rows: Sequence[Row], months: dict[str, str]) -> dict[str, list[Row]]:
    """Return rows by the month that their incident is filed under; ``months`` has it per incident."""
    made: dict[str, list[Row]] = {}
    for each in rows:
        made.setdefault(months[each["incident_id"]], []).append({"billing_period": months[each["incident_id"]], **each})
    return made


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
