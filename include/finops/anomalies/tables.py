"""The tables that the feature publishes."""

from __future__ import annotations

from finops.policy.anomalies import Dimension
from finops.stores.results import ResultColumn, ResultTable

MONEY = "decimal(38,12)"
INCIDENTS, CAUSES, POINTS = "mart_incidents", "mart_incident_causes", "mart_incident_points"

_C = ResultColumn
_HEAD = (
    _C("billing_period", "varchar", "Month (YYYY-MM) of the first odd day."),
    _C("billing_currency", "varchar", "Currency of the amounts."),
    _C("incident_id", "varchar", "What names the incident in every run."),
)
_SERIES = tuple(_C(str(each), "varchar", f"The series' {each}; (all) where it stands above it.") for each in Dimension)

TABLES: tuple[ResultTable, ...] = (
    ResultTable(
        INCIDENTS,
        "One row per incident of cost that was ever raised: how it stands, what it cost beyond what was expected, why, "
        "and what people say of it. Costs are usage at effective cost of its days, without machines that training runs "
        "use.",
        (
            *_HEAD,
            _C("state", "varchar", "open or closed."),
            _C("ending", "varchar", "Why it closed: back to usual, new level, restated, rejected, planned.", True),
            _C("level", "varchar", "The watched level of its series."),
            _C("series", "varchar", "Its values, from provider to tag."),
            _C("title", "varchar", "Where it is, in words."),
            *_SERIES,
            _C("source", "varchar", "detector, or the name of the rule that raised it."),
            _C("kind", "varchar", "spike, shift, creep, drop, limit or price."),
            _C("other_series", "varchar", "Other series and rules that saw the same, by semicolon; empty: none."),
            _C("first_day", "date", "First odd day, UTC."),
            _C("last_day", "date", "Last odd day so far, UTC."),
            _C("raised_on", "date", "Day whose figures sufficed for an alert: probability, money and percent."),
            _C("first_hour", "timestamp", "First abnormal hour in the bill, UTC."),
            _C(
                "raised_at",
                "timestamp",
                "When the alert was published; of a past that is looked at later, when the "
                "daily run would have: the end of raised_on. UTC.",
            ),
            _C("run_date", "date", "The run that wrote the row judged days up to this one."),
            _C("is_backfill", "boolean", "Whether it was found by looking at the past later."),
            _C("detection_hours", "double", "Hours from the first abnormal hour in the bill to the alert."),
            _C("expected_cost", MONEY, "What was expected of its days."),
            _C("actual_cost", MONEY, "What its days cost."),
            _C("excess_cost", MONEY, "Actual less expected: the impact so far."),
            _C(
                "projected_excess_cost",
                MONEY,
                "The impact when it goes on for the days of traffic.horizon_days; of a closed one its impact.",
            ),
            _C("excess_percent", "double", "Excess in percent of expected.", True),
            _C("probability", "double", "How often an ordinary day is so far off; none of a rule.", True),
            _C("price_excess_cost", MONEY, "The part of the excess that prices changed."),
            _C("quantity_excess_cost", MONEY, "The part of the excess that quantities changed."),
            _C("cause", "varchar", "The root cause in words."),
            _C("first_usage_at", "timestamp", "When the first charge of the cause began, UTC.", True),
            _C("owner", "varchar", "Who likely answers for it; empty: unknown."),
            _C("owner_cost_center", "varchar", "Cost centre of the cause; empty: unknown."),
            _C("is_suspected_attack", "boolean", "Whether traffic suggests an attack."),
            _C("traffic_times", "double", "Requests in times of the usual; none where unknown.", True),
            _C("top_sources_percent", "double", "Percent of added requests from the few largest sources.", True),
            _C("mitigation", "varchar", "What to do against the attack; none without one.", True),
            _C(
                "avoided_cost", MONEY, "What mitigation avoids over traffic.horizon_days; none without an attack.", True
            ),
            _C("advice", "varchar", "What to do."),
            _C("verdict", "varchar", "What people say: yes, no, planned; none yet.", True),
            _C("verdict_by", "varchar", "Who said it.", True),
            _C("verdict_why", "varchar", "Why.", True),
            _C("link", "varchar", "Its page below FINOPS_HOME."),
        ),
        ("incident_id",),
    ),
    ResultTable(
        CAUSES,
        "One row per incident and value of a dimension that explains its excess, in the order in which they narrow it.",
        (
            *_HEAD,
            _C("rank", "integer", "Order, from 1."),
            _C("role", "varchar", "cause narrows the excess; context tells where the cause lies."),
            _C("dimension", "varchar", "A watched dimension, sku_meter or resource_id."),
            _C("value", "varchar", "Its value."),
            _C("excess_cost", MONEY, "What it added, against the same weekdays of the four weeks before."),
            _C("share", "double", "That as a part of 1 of the whole incident by the same comparison."),
        ),
        ("incident_id", "rank"),
    ),
    ResultTable(
        POINTS,
        "One row per incident and day (or hour) of its chart: what was expected and what came, from four weeks before.",
        (
            *_HEAD,
            _C("ds", "timestamp", "When the day or hour begins, UTC."),
            _C("expected_cost", MONEY, "What was expected."),
            _C("low_cost", MONEY, "Lower end of the band that holds 95 % of ordinary days."),
            _C("high_cost", MONEY, "Upper end of it."),
            _C("actual_cost", MONEY, "What came."),
            _C("is_odd", "boolean", "Whether it is one of the incident's days."),
        ),
        ("incident_id", "ds"),
    ),
)
BY_NAME = {each.name: each for each in TABLES}
