"""Whether traffic explains an incident of inference: many times the usual requests, or few sources that add them.

Requests come from the landed telemetry ``endpoint_traffic``, by source and hour; where an endpoint has none, those of
``mart_inference_costs`` are counted, which know no sources. The days of the incident are held against two weeks before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.models import Episode, Explained
from finops.core.settings import Settings
from finops.core.sql import compose, join, literal
from finops.core.telemetry import TelemetryKind
from finops.policy.anomalies import Dimension, Traffic
from finops.stores.published import Publication
from finops.stores.state import telemetry
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.core.sql import Sql

INFERENCES = "mart_inference_costs"
_BEFORE = 14
_KNOWN_DAYS = 3
"""With fewer days before of which requests are known, nothing is said: telemetry may have begun with the endpoint."""
_LOUD = 0.2
"""A source with this part of 1 of the requests added, and more than it had before, is named."""
_MITIGATIONS = {
    "aws": "put AWS WAF with a rate-based rule before the endpoint, AWS Shield Advanced for floods, and usage plans on "
    "keys",
    "azure": "put Azure Web Application Firewall with rate limiting (Front Door) before the endpoint, DDoS Protection, "
    "and rate limits per subscription key in API Management",
    "gcp": "put Google Cloud Armor with rate-based bans before the endpoint, and quotas per key",
}
_OTHER = "put a web application firewall with a rate limit per source before the endpoint"


@dataclass(frozen=True, slots=True)
class Surge:
    """Requests a day now and before.

    ``share`` is the part of 1 of the requests added that comes from the few sources which added most, ``usual_share``
    their part of the requests before; both are None where there are no more sources than that.
    """

    now: float
    before: float
    share: float | None
    usual_share: float | None = None
    sources: tuple[str, ...] = ()

    @property
    def times(self) -> float:
        """How many times the usual requests, of which there is at least one a day."""
        return self.now / max(self.before, 1.0)


def requests_sql(settings: Settings, first: date, last: date) -> Sql | None:
    """Return the SELECT of landed traffic of some days: provider, endpoint, source, day, requests; None without any."""
    with open_state(settings).begin() as state:
        landed = telemetry.all_current(state)
    wanted = [each for each in landed if each.kind is TelemetryKind.ENDPOINT_TRAFFIC and first <= each.day <= last]
    files = [literal(path) for each in wanted if (path := settings.landing_dir / each.relative_path).is_file()]
    if not files:
        return None
    query = """
        select provider, endpoint_id, traffic_source, cast(bucket_start as date) as day,
            sum(requests)::double as requests
        from read_parquet([{files}], union_by_name = true) group by all
    """
    return compose(query, files=join(", ", files))


def load(connection: DuckDBPyConnection, settings: Settings, version: Publication, first: date, last: date) -> None:
    """Create the table ``endpoint_days`` of requests per endpoint, source and day; empty where nothing is known."""
    nothing = (
        "select '' as provider, '' as endpoint_id, '' as traffic_source, null::date as day, 0.0 as requests where false"
    )
    landed = requests_sql(settings, first - timedelta(days=_BEFORE), last)
    connection.execute(f"create or replace temp table endpoint_days as {landed or nothing}")
    if INFERENCES not in version.marts:
        return
    query = """
        insert into endpoint_days
        select provider, endpoint_id, '' as traffic_source, charge_date as day, sum(requests)::double as requests
        from ({mart})
        where (provider, endpoint_id) not in (select (provider, endpoint_id) from endpoint_days) group by all
    """
    connection.execute(compose(query, mart=version.mart_sql(INFERENCES)))


def surge_of(connection: DuckDBPyConnection, episode: Episode, resources: Sequence[str], rule: Traffic) -> Surge | None:
    """Return the traffic of an incident's endpoints; None where they are none, or nothing is known of them."""
    if not resources:
        return None
    query = """
        select traffic_source, coalesce(sum(requests) filter (where day >= ?), 0) as now,
            coalesce(sum(requests) filter (where day < ?), 0) as before,
            list(distinct day) filter (where day < ?) as days
        from endpoint_days where endpoint_id in (select unnest(?)) and day between ? and ? group by traffic_source
    """
    first, bounds = episode.first, [episode.first - timedelta(days=_BEFORE), episode.last]
    rows = connection.execute(query, [first, first, first, list(resources), *bounds]).fetchall()
    known = len({day for *_, days in rows for day in days or ()})
    if known < _KNOWN_DAYS:
        return None
    length = (episode.last - episode.first).days + 1
    per_day = [(source, now / length, before / known) for source, now, before, _ in rows]
    now, before = (sum(each[place] for each in per_day) for place in (1, 2))
    if not now:
        return None
    added = sorted(((now - before, before, source) for source, now, before in per_day if source), reverse=True)
    largest = [each for each in added[: rule.sources] if each[0] > 0]
    whole = sum(max(each, 0.0) for each, *_ in added)
    if not whole or len(added) <= rule.sources:
        return Surge(now, before, None)
    share = sum(each for each, *_ in largest) / whole
    usual_share = sum(usual for _, usual, _ in largest) / max(before, 1.0)
    loud = tuple(source for each, usual, source in largest if each >= _LOUD * whole and each > usual)
    return Surge(now, before, share, usual_share, loud)


def is_attack(surge: Surge, rule: Traffic) -> bool:
    """Tell whether traffic is suspected to be an attack: a surge, or a smaller one from few sources.

    Of callers who had as much of the requests before, that they add most of them tells nothing.
    """
    if surge.times >= float(rule.surge):
        return True
    if surge.share is None or surge.usual_share is None or surge.usual_share > surge.share / 2:
        return False
    return surge.share * 100 >= float(rule.share) and surge.times >= float(rule.concentrated_surge)


def mitigation(episode: Episode, explained: Explained, surge: Surge) -> str:
    """Return what to do against an attack, in the terms of its provider."""
    provider = episode.key.value(Dimension.PROVIDER)
    named = [each.value for each in explained.causes if each.dimension == Dimension.PROVIDER] or [provider]
    sources = f"; block {', '.join(surge.sources)} first" if surge.share is not None and surge.sources else ""
    return _MITIGATIONS.get(named[0], _OTHER) + sources
