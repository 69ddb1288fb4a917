"""What counts as waste of a resource: the key ``rules`` of ``rightsizing.yml``. Without it the defaults count.

Percent is 0 to 100, days are UTC, amounts are per month in the currency of the bill.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from finops.core.settings import Settings
from finops.policy.loader import Entry, Text
from finops.policy.loader import load as load_file

FILE = "rightsizing.yml"

_Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
_Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]
_Price = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]
_Days = Annotated[int, Field(ge=1, le=365)]
_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM.")]


class Idle(Entry):
    """Below what a resource does nothing. All measurements must be there, and low."""

    utilization: _Percent = Field(default=5, description="Of GPU or processor, at its 95th percentile.")
    gpu_memory: _Percent = Field(default=10, description="Of GPU memory, at its maximum.")
    bytes_per_second: Annotated[float, Field(ge=0, le=1e9)] = Field(
        default=10_000, description="Of the network, at p95."
    )
    interactive_minutes: Annotated[int, Field(ge=5, le=1440)] = Field(
        default=15, description="After so many idle minutes an interactive machine or notebook should stop."
    )
    interactive_hours: Annotated[float, Field(gt=0, le=24)] = Field(
        default=4, description="So many idle hours a day make it worth telling."
    )
    interactive_stages: tuple[Text, ...] = ("interactive", "notebook", "experimentation", "exploration")


class Gpu(Entry):
    """When GPUs are used too little, or too much."""

    low: _Percent = Field(default=40, description="Used less than that ...")
    low_hours: Annotated[int, Field(ge=1, le=24)] = Field(default=2, description="... for so many hours on most days.")
    low_training: _Percent = Field(default=80, description="Of a training machine, at its 95th percentile.")
    memory_at_risk: _Percent = Field(default=95, description="Memory used above that may run out.")
    headroom: _Percent = Field(default=20, description="What is to be left free of the new machine at p95.")
    memory_headroom: _Percent = Field(default=10, description="What is to be left free of its memory at the maximum.")
    cheaper_by: _Percent = Field(default=10, description="A family is cheaper for the same work by at least that.")
    tflops: dict[Text, Annotated[float, Field(gt=0, le=100_000)]] = Field(
        default={
            **{"K80": 8.7, "P100": 21, "T4": 65, "V100": 125, "L4": 121, "A10": 125, "A10G": 125},
            **{"A100": 312, "L40S": 362, "H100": 989, "H200": 989, "B200": 2250},
        },
        description="Half-precision tensor operations per second without sparsity (NVIDIA's data sheets).",
    )


class Cpu(Entry):
    """How much of a smaller machine may be used."""

    p95: _Percent = Field(default=70, description="At the 95th percentile.")
    p995: _Percent = Field(default=90, description="At the 99.5th percentile.")
    memory: _Percent = Field(default=80, description="Of memory, at its maximum.")


class Storage(Entry):
    """When what is stored is too old, or of the wrong kind. Prices are per GB and month, USD; only ratios count."""

    unattached_days: _Days = Field(default=7, description="A disk that nothing has used for so long.")
    snapshot_days: _Days = Field(default=90, description="A snapshot is old then.")
    snapshot_archive_discount: _Share = Field(
        default=Decimal("0.75"), description="What a snapshot costs less in AWS's archive tier."
    )
    backups_per_day: Annotated[int, Field(ge=1, le=24)] = Field(default=1, description="More snapshots are too many.")
    archive_after_days: _Days = 30
    delete_after_days: _Days = 90
    abort_uploads_after_days: _Days = 7
    checkpoint_prefix: Text = Field(default="checkpoints/", description="Where the inventory names none.")
    checkpoint_words: tuple[Text, ...] = Field(
        default=("checkpoint", "ckpt"), description="A bucket with one of them in its name holds checkpoints."
    )
    archive_discount: _Share = Field(
        default=Decimal("0.8"), description="What archived objects cost less, of what no telemetry knows one by one."
    )
    snapshot_share: _Share = Field(
        default=Decimal("0.5"), description="What a snapshot of a disk costs of the disk; it is made before a delete."
    )
    gp2_per_gb: _Price = Decimal("0.10")
    gp3_per_gb: _Price = Decimal("0.08")
    gp3_per_iops: _Price = Decimal("0.005")
    gp3_per_mbps: _Price = Decimal("0.04")
    priced_on: date = date(2025, 6, 1)


class Spot(Entry):
    """Which work bears interruptions, and what spot is then expected to cost less."""

    checkpoint_hours: Annotated[float, Field(gt=0, le=168)] = Field(
        default=4, description="Each run of the machine writes a checkpoint at least so often."
    )
    stages: tuple[Text, ...] = ("training", "data-preprocessing", "evaluation")
    discount: _Share = Field(default=Decimal("0.5"), description="Where the bill has no spot to compare with.")
    on_demand_percent: _Percent = 20
    least_types: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="So diverse is the fleet at least.")


class Schedule(Entry):
    """When a machine with this tag stops and starts. On skip days it does not start."""

    stop_at: _Clock = "19:00"
    start_at: _Clock = "07:00"
    time_zone: Text = "UTC"
    skip_days: tuple[Text, ...] = ("Saturday", "Sunday")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {name!r}; write one as Europe/Berlin") from None
        return name

    @field_validator("skip_days")
    @classmethod
    def _are_days(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        for each in names:
            if each not in known:
                raise ValueError(f"{each!r} is no day; write {', '.join(known)}")
        return names


class Commitments(Entry):
    """How commitments are bought and watched."""

    floor_share: _Share = Field(default=Decimal("0.8"), description="Of the least day's on-demand cost, to commit to.")
    floor_days: Annotated[int, Field(ge=14, le=90)] = 28
    discount: _Share = Field(default=Decimal("0.25"), description="Where the bill does not say what commitments save.")
    utilization: _Percent = Field(default=90, description="Used less than that is too little.")
    expires_within_days: _Days = 60


class Budgets(Entry):
    """What a budget may throttle and stop, and whom Google may ask when the quota that it took is given back."""

    non_production: tuple[Text, ...] = Field(
        default=("dev", "development", "test", "testing", "qa", "staging", "sandbox"),
        description="Environments that are touched; others, and what has none, are left alone.",
    )
    quota_contact: Text | None = Field(
        default=None, description="Address of mail, which Google wants with every quota that is raised."
    )


class Rules(Entry):
    """Everything below ``rules``."""

    window_days: Annotated[int, Field(ge=7, le=28)] = Field(default=14, description="Days that are looked at.")
    coverage: _Percent = Field(default=90, description="Of the window's minutes, measured at least.")
    least_saving: Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = Decimal(3)
    consecutive_findings: Annotated[int, Field(ge=1, le=30)] = Field(
        default=2, description="Runs in a row that must find the same before it is proposed."
    )
    protect_tag: Text = Field(
        default="protect", description="What has this tag is never changed, unless it says false, no or 0."
    )
    schedule_tag: Text = Field(default="schedule", description="Names an entry of schedules.")
    off: tuple[Text, ...] = Field(default=(), description="Rules that are not applied.")
    idle: Idle = Idle()
    gpu: Gpu = Gpu()
    cpu: Cpu = Cpu()
    storage: Storage = Storage()
    spot: Spot = Spot()
    schedules: dict[Text, Schedule] = Field(default={"office-hours": Schedule()})
    commitments: Commitments = Commitments()
    budgets: Budgets = Budgets()
    endpoint_target: _Percent = Field(default=70, description="Of an endpoint's capacity, to be used at p99.5.")
    web_acls: dict[Text, Text] = Field(
        default={},
        description="Web ACL (AWS) or security policy (Google Cloud) of an endpoint, or of an account, by its id.",
    )
    attack_limit: Annotated[int, Field(ge=100, le=20_000_000)] = Field(
        default=2000, description="Requests of one address in five minutes that are let through."
    )


class _File(BaseModel):
    """The file; who acts, and how far, is read elsewhere."""

    rules: Rules = Rules()


def load(settings: Settings) -> Rules:
    """Return the rules. Raise BadInput, naming file, line and key, for the first fault."""
    content, _ = load_file(settings, FILE, _File)
    return content.rules
