"""What counts as an anomaly: ``anomalies.yml``. Without the file, or a key in it, the default counts.

Percent is 0 to 100 and more, amounts are in the currency of the bill, days are UTC.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from finops.core.settings import Settings
from finops.policy.loader import Currency, Entry, Text
from finops.policy.loader import load as load_file

FILE = "anomalies.yml"

_Amount = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=6, allow_inf_nan=False)]
_Percent = Annotated[Decimal, Field(gt=0, le=100_000, max_digits=12, decimal_places=6, allow_inf_nan=False)]
_Factor = Annotated[Decimal, Field(gt=1, le=1000, max_digits=12, decimal_places=6, allow_inf_nan=False)]


class Dimension(StrEnum):
    """What a watched series can be of: columns of ``fct_daily_costs``."""

    PROVIDER = "provider"
    SUB_ACCOUNT = "sub_account_id"
    SERVICE = "service_name"
    REGION = "region_id"
    COST_CENTER = "cost_center"
    PROJECT = "ai_project"
    MODEL = "ai_model"


_LEVELS: dict[str, tuple[Dimension, ...]] = {
    "total": (),
    "provider": (Dimension.PROVIDER,),
    "cost_center": (Dimension.COST_CENTER,),
    "ai_project": (Dimension.PROJECT,),
    "ai_model": (Dimension.MODEL,),
    "service": (Dimension.PROVIDER, Dimension.SERVICE),
    "account": (Dimension.PROVIDER, Dimension.SUB_ACCOUNT),
    "region": (Dimension.PROVIDER, Dimension.REGION),
    "account_service": (Dimension.PROVIDER, Dimension.SUB_ACCOUNT, Dimension.SERVICE),
    "workload": (Dimension.PROVIDER, Dimension.SUB_ACCOUNT, Dimension.SERVICE, Dimension.MODEL),
}


class Alert(Entry):
    """What an alert needs, all at once: an odd day, enough money so far, and enough of the usual cost."""

    probability: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        default=0.002, description="At most so often is an ordinary day so far off."
    )
    amount: _Amount = Field(default=Decimal(50), description="At least so much above what was expected, so far.")
    percent: _Percent = Field(default=Decimal(25), description="At least so much of what was expected.")
    falls: bool = Field(default=False, description="Whether cost that falls is told too.")


class Episodes(Entry):
    """When an incident ends."""

    quiet_days: Annotated[int, Field(ge=1, le=30)] = Field(default=2, description="Usual days that close it.")
    longest_days: Annotated[int, Field(ge=7, le=365)] = Field(
        default=45, description="After so long it is the new usual level."
    )
    arriving_days: Annotated[int, Field(ge=0, le=14)] = Field(
        default=2, description="Last days that are judged for rises alone where no nowcast says how complete they are."
    )


class DailyLimit(Entry):
    """A rule: cost per day of each value of a tag, or of the values that are named, is above an amount."""

    name: Text
    level: Dimension
    values: tuple[Text, ...] = Field(default=(), description="Only these; none: each.")
    more_than: _Amount
    currency: Currency | None = None


class RollingSigma(Entry):
    """A rule: an hour lies further above the mean of the hours before than so many standard deviations."""

    name: Text = "rolling-sigma"
    levels: tuple[Text, ...] = ("provider",)
    hours: Annotated[int, Field(ge=24, le=2160)] = 168
    sigmas: Annotated[Decimal, Field(gt=0, le=100, decimal_places=3)] = Decimal(3)


class MeanRatio(Entry):
    """A rule: a day costs more than so many times the mean of the days before."""

    name: Text = "mean-ratio"
    levels: tuple[Text, ...] = ("provider",)
    days: Annotated[int, Field(ge=2, le=90)] = 7
    factor: _Factor = Decimal("1.5")


class GpuHour(Entry):
    """A rule: a GPU hour of a family costs more than an amount."""

    name: Text = "gpu-hour"
    more_than: _Amount = Decimal("3.5")
    families: tuple[Text, ...] = Field(default=(), description="Only these, as mart_gpu_utilization has; none: all.")
    currency: Currency | None = None


class UnitPrice(Entry):
    """A rule: the list price of a SKU's unit changes by so much, up or down."""

    name: Text = "unit-price"
    percent: _Percent = Decimal(5)
    days: Annotated[int, Field(ge=3, le=60)] = Field(default=14, description="How long a new price is news.")


class Rules(Entry):
    """The usual rules beside the detector. Each raises only where it is configured."""

    daily_limits: tuple[DailyLimit, ...] = ()
    rolling_sigma: RollingSigma | None = None
    mean_ratio: MeanRatio | None = None
    gpu_hour: GpuHour | None = None
    unit_price: UnitPrice | None = UnitPrice()


class Traffic(Entry):
    """When traffic makes an incident of inference a suspected attack."""

    surge: _Factor = Field(default=Decimal(10), description="So many times the usual requests.")
    sources: Annotated[int, Field(ge=1, le=100)] = Field(default=3, description="So few sources ...")
    share: _Percent = Field(default=Decimal(80), description="... with so many percent of the requests added.")
    concentrated_surge: _Factor = Field(
        default=Decimal(2), description="From so few sources, so many times the usual requests suffice."
    )
    horizon_days: Annotated[int, Field(ge=1, le=90)] = Field(
        default=7, description="Days whose cost a mitigation avoids, and an open incident is projected by."
    )


class Answers(Entry):
    """What a ``no`` changes afterwards."""

    raise_factor: _Factor = Field(default=Decimal(2), description="Each no multiplies the series' thresholds by it.")
    for_days: Annotated[int, Field(ge=1, le=365)] = Field(default=90, description="So long after the incident.")


class Planned(Entry):
    """A window in which a rise of some cost is planned: a launch, a training campaign."""

    model_config = ConfigDict(populate_by_name=True)

    series: dict[Dimension, Text] = Field(min_length=1, description="Dimension and value, all of which must fit.")
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    why: Text

    @model_validator(mode="after")
    def _days_run_forward(self) -> Planned:
        if self.first > self.last:
            raise ValueError(f"ends on {self.last}, before it begins on {self.first}")
        return self


class Verdict(StrEnum):
    """What a person says of an incident."""

    YES = "yes"
    NO = "no"
    PLANNED = "planned"


class Feedback(Entry):
    """What a person said of an incident, in the file instead of by ``finops incidents feedback``."""

    incident: Text
    verdict: Verdict
    by: Text
    why: str = ""


class AnomalyPolicy(Entry):
    """Everything that ``anomalies.yml`` says."""

    levels: dict[Text, tuple[Dimension, ...]] = Field(default=_LEVELS, min_length=1)
    history_days: Annotated[int, Field(ge=28, le=1500)] = Field(default=400, description="Days that are looked at.")
    leave_out_training_runs: bool = Field(
        default=True, description="Whether machines are left out while recorded training runs use them."
    )
    hourly_days: Annotated[int, Field(ge=0, le=90)] = Field(
        default=28, description="Days whose hours are watched where the bill has hours; 0: none."
    )
    hourly_levels: tuple[Text, ...] = ("provider", "service")
    alert: Alert = Alert()
    episodes: Episodes = Episodes()
    rules: Rules = Rules()
    traffic: Traffic = Traffic()
    answers: Answers = Answers()
    planned: tuple[Planned, ...] = ()
    feedback: tuple[Feedback, ...] = ()


def load(settings: Settings) -> AnomalyPolicy:
    """Return the policy. Raise BadInput, naming file, line and key, for what is invalid.

    Also for a rule of a level that is not watched, two rules of one name, and two answers on one incident.
    """
    content, found = load_file(settings, FILE, AnomalyPolicy)
    rules = content.rules
    named = {
        ("hourly_levels",): content.hourly_levels,
        ("rules", "rolling_sigma", "levels"): rules.rolling_sigma.levels if rules.rolling_sigma else (),
        ("rules", "mean_ratio", "levels"): rules.mean_ratio.levels if rules.mean_ratio else (),
    }
    for place, levels in named.items():
        for number, each in enumerate(levels):
            if each not in content.levels:
                known = ", ".join(content.levels)
                raise found.error((*place, number), f"unknown level {each!r}; watched levels are {known}")
    names = [each.name for each in (rules.rolling_sigma, rules.mean_ratio, rules.gpu_hour, rules.unit_price) if each]
    for number, limit in enumerate(rules.daily_limits):
        if limit.name in names:
            raise found.error(("rules", "daily_limits", number, "name"), f"{limit.name!r} names another rule already")
        names.append(limit.name)
    answered: set[str] = set()
    for number, answer in enumerate(content.feedback):
        if answer.incident in answered:
            raise found.error(("feedback", number, "incident"), f"{answer.incident} has an answer already; keep one")
        answered.add(answer.incident)
    return content
