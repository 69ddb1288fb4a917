"""The tables that forecasting publishes. Figures of all are of one run date each, filed under its month."""

from __future__ import annotations

from finops.stores.results import ResultColumn, ResultTable

_MONEY = "decimal(38,12)"
_FILED = (
    ResultColumn("billing_period", "varchar", "Month (YYYY-MM) of the run date, under which the row is filed."),
    ResultColumn("billing_currency", "varchar", "Currency of all amounts; currencies are never added together."),
    ResultColumn("run_date", "date", "First day that was forecast; only charges of days before it were known."),
)
_SERIES = (
    ResultColumn(
        "level",
        "varchar",
        "Level of the hierarchy: total, or the last dimension that the series names; team is a cost centre over all "
        "providers.",
    ),
    ResultColumn("series", "varchar", "Name of the series: its dimensions joined by ' / '."),
    *(
        ResultColumn(name, "varchar", f"{what}; (all) above its level, (other) for small ones together.")
        for name, what in (
            ("provider", "Provider"),
            ("cost_center", "Cost centre that the tags name"),
            ("ai_project", "AI project"),
            ("ai_model", "AI model"),
            ("service_name", "Service"),
        )
    ),
)


def _bounds(of: str, *, nullable: bool = False) -> tuple[ResultColumn, ...]:
    return tuple(
        ResultColumn(f"{side}_{level}", _MONEY, f"{word} bound of {of} with {level} % probability.", nullable)
        for level in (80, 95)
        for side, word in (("lo", "Lower"), ("hi", "Upper"))
    )


FORECASTS = ResultTable(
    "mart_forecasts",
    "One row per run date, currency, series, stream and day or hour that is forecast.",
    (
        *_FILED,
        *_SERIES,
        ResultColumn("stream", "varchar", "usage, or calendar: what is billed by date, such as tax and credits."),
        ResultColumn("freq", "varchar", "D: the row is of a day; h: of an hour."),
        ResultColumn("ds", "timestamp", "When the day or hour begins (UTC)."),
        ResultColumn("step", "bigint", "Days or hours from the run date, the first is 1."),
        ResultColumn("mean", _MONEY, "Expected effective cost. Means of children sum to their parent's, to the cent."),
        *_bounds("the cost"),
        ResultColumn("model", "varchar", "Model that the mean is of, or combination."),
    ),
    ("billing_period", "billing_currency", "run_date", "level", "series", "stream", "freq", "ds"),
)

TOTALS = ResultTable(
    "mart_forecast_totals",
    "One row per run date, currency, series and period of days to come, or the month of the run date.",
    (
        *_FILED,
        *_SERIES,
        ResultColumn("period", "varchar", "next 24 h, rest of month, 30 days, 90 days, or month: the whole month."),
        ResultColumn("first_day", "date", "First day of the period (UTC)."),
        ResultColumn("last_day", "date", "Last day of the period (UTC)."),
        ResultColumn(
            "actual_cost", _MONEY, "Effective cost of the period before the run date, late charges estimated."
        ),
        ResultColumn("usage_cost", _MONEY, "Expected usage cost from the run date on."),
        ResultColumn("calendar_cost", _MONEY, "Expected cost of the calendar stream from the run date on."),
        ResultColumn("mean", _MONEY, "Expected cost of the whole period: the three before added up."),
        *_bounds("the period's cost"),
    ),
    ("billing_period", "billing_currency", "run_date", "level", "series", "period"),
)

NOWCASTS = ResultTable(
    "mart_nowcasts",
    "One row per run date, currency, provider, service and recent day whose charges may still be arriving.",
    (
        *_FILED,
        ResultColumn("provider", "varchar", "Provider."),
        ResultColumn("service_name", "varchar", "Service; (all) for the provider's whole usage."),
        ResultColumn("charge_date", "date", "Day of use (UTC)."),
        ResultColumn("age_days", "bigint", "Days from it to when its bill was written."),
        ResultColumn("load_count", "bigint", "Past loads from which its arrival curve was learned."),
        ResultColumn("seen_cost", _MONEY, "Usage cost that has arrived."),
        ResultColumn("completeness", "double", "Part of the estimated final cost that has arrived.", nullable=True),
        ResultColumn("estimated_cost", _MONEY, "Estimated final usage cost; services sum to their provider."),
        *_bounds("the final cost"),
    ),
    ("billing_period", "billing_currency", "run_date", "provider", "service_name", "charge_date"),
)

SCORES = ResultTable(
    "mart_forecast_scores",
    "One row per run date, currency, level, team and model: how good its forecasts were in a rolling-origin backtest.",
    (
        *_FILED,
        ResultColumn("level", "varchar", "Level of the hierarchy whose series were tested."),
        ResultColumn("cost_center", "varchar", "Team whose series they are; (all) for all of the level."),
        ResultColumn("model", "varchar", "ours, or a model of the pool or baseline by its name."),
        ResultColumn("horizon_days", "bigint", "Days that each forecast of the backtest is long."),
        ResultColumn("series_count", "bigint", "Series that were tested."),
        ResultColumn("trial_count", "bigint", "Forecasts that were held against what came: series by origins."),
        ResultColumn("point_count", "bigint", "Days that were held against what came."),
        ResultColumn(
            "mase", "double", "Mean absolute error over that of last week's day, mean of series.", nullable=True
        ),
        ResultColumn("smape", "double", "Symmetric mean absolute percentage error, 0 to 200, mean of series."),
        ResultColumn(
            "bias", "double", "Forecast minus actual as a part of actual, all series added up.", nullable=True
        ),
        ResultColumn("covered_80", "bigint", "Days within the bounds of 80 %; of ours alone.", nullable=True),
        ResultColumn("covered_95", "bigint", "Days within the bounds of 95 %; of ours alone.", nullable=True),
        ResultColumn("coverage_80", "double", "Part of days within the bounds of 80 %.", nullable=True),
        ResultColumn("coverage_95", "double", "Part of days within the bounds of 95 %.", nullable=True),
        ResultColumn(
            "month_error",
            "double",
            "Absolute error of month totals forecast in mid-month, as a part of actual usage, all series added up.",
            nullable=True,
        ),
        ResultColumn(
            "promise_error",
            "double",
            "The same of month totals that earlier run dates published; of ours alone.",
            nullable=True,
        ),
        ResultColumn(
            "configuration",
            "varchar",
            "Digest of the configuration by which the series were made; null in what older releases published.",
            nullable=True,
        ),
    ),
    ("billing_period", "billing_currency", "run_date", "level", "cost_center", "model"),
)

TABLES: tuple[ResultTable, ...] = (FORECASTS, TOTALS, NOWCASTS, SCORES)

REQUESTS = ResultTable(
    "mart_request_forecasts",
    "One row per run date, serving endpoint and hour (UTC) of the seven days from the run date on: how many requests "
    "are expected.",
    (
        ResultColumn("billing_period", "varchar", "Month (YYYY-MM) of the run date, under which the row is filed."),
        ResultColumn("billing_currency", "varchar", "(none): requests cost nothing here."),
        ResultColumn("run_date", "date", "First day that was forecast; only hours before it were known."),
        ResultColumn("provider", "varchar", "Whose endpoint it is: aws, azure, gcp, or a vendor's name."),
        ResultColumn("endpoint_id", "varchar", "The endpoint, as the bill's ResourceId has it."),
        ResultColumn("hour_start", "timestamp", "When the hour begins (UTC)."),
        ResultColumn("mean", "double", "Requests that are expected in the hour."),
        *(
            ResultColumn(f"{side}_{level}", "double", f"{word} bound of the requests with {level} % probability.")
            for level in (80, 95)
            for side, word in (("lo", "Lower"), ("hi", "Upper"))
        ),
        ResultColumn("model", "varchar", "Model that the mean is of, or combination."),
        ResultColumn(
            "history_days",
            "bigint",
            "Days from the first counted hour of the last eight weeks to the run date; below 28 there is too little "
            "to know how far a forecast of a week is off, and bounds are wide.",
        ),
    ),
    ("billing_period", "billing_currency", "run_date", "provider", "endpoint_id", "hour_start"),
)

REQUEST_TABLES: tuple[ResultTable, ...] = (REQUESTS,)
"""What is made of counted requests, and published apart from what is made of bills."""
