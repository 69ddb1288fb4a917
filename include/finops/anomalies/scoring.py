"""How good incidents are on bills whose anomalies are known: precision, recall, delay, and the cause that was planted.

A label names a series (account, service as the provider writes it, AI model) and days. It is found by an incident with
a day in common whose cause lies in that series; an incident is right when it finds any label. Labels that nobody could
be told of are counted apart: those that begin before two weeks of bills, and those that added less than an alert needs.
Incidents of rules that hold a limit are right by what was configured, and left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from finops.anomalies import read
from finops.anomalies.episodes import BEFORE
from finops.anomalies.models import ALL, Kind
from finops.anomalies.series import absent_of
from finops.core.settings import Settings
from finops.policy import anomalies as policies
from finops.policy.anomalies import Dimension
from finops.stores.published import Publication

WARM_UP = timedelta(days=14)
_FOCUS_NAMES = {
    "AWSGlue": "AWS Glue",
    "AWSLambda": "AWS Lambda",
    "AmazonBedrock": "Amazon Bedrock",
    "AmazonCloudWatch": "Amazon CloudWatch",
    "AmazonDynamoDB": "Amazon DynamoDB",
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AmazonECS": "Amazon Elastic Container Service",
    "AmazonFSx": "Amazon FSx",
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonSageMaker": "Amazon SageMaker",
    "Cognitive Services": "Azure AI services",
    "Storage": "Storage Accounts",
}
"""What FOCUS calls services that a label calls otherwise."""


@dataclass(frozen=True, slots=True)
class Label:
    """A known anomaly, its days inclusive."""

    provider: str
    account: str
    service: str
    model: str
    first: date
    last: date
    kind: str

    @property
    def values(self) -> dict[str, str]:
        """Its series as the published tables name it."""
        return {
            "provider": self.provider,
            "sub_account_id": self.account,
            "service_name": self.service,
            "ai_model": self.model,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """Counts, and delays in days by kind of anomaly. ``material`` labels are those that an alert could be due for."""

    labels: int
    found: int
    material: int
    material_found: int
    incidents: int
    right: int
    explained: int
    delays: Mapping[str, Sequence[int]]
    missed: tuple[Label, ...]
    wrong: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Found of the material labels."""
        return self.material_found / self.material if self.material else 1.0

    @property
    def precision(self) -> float:
        """Right of the incidents."""
        return self.right / self.incidents if self.incidents else 1.0

    @property
    def cause_share(self) -> float:
        """Of the labels found, those whose incident names the planted series as its cause."""
        return self.explained / self.found if self.found else 1.0

    def lines(self) -> list[str]:
        """Return the score in words."""
        delays = ", ".join(f"{kind} {median(days):g}" for kind, days in sorted(self.delays.items()))
        return [
            f"{self.incidents} incidents, {self.right} of them planted: precision {self.precision:.0%}",
            f"{self.material_found} of {self.material} material anomalies found: recall {self.recall:.0%} "
            f"({self.found} of all {self.labels})",
            f"planted cause named in {self.explained} of {self.found} found: {self.cause_share:.0%}",
            f"median delay in days: {delays}",
        ]


def of_published(settings: Settings, labels: Path) -> Score:
    """Return the score of the published incidents by a sample's ``labels.csv``. Raise NotReady before there are any."""
    version = read.version_of(settings)
    known = read_labels(labels)
    money = planted(version, known)
    with version.connect() as connection:
        row = connection.execute("select min(charge_date) from fct_daily_costs").fetchone()
    first = row[0] if row else date.min
    amount = float(policies.load(settings).alert.amount)
    return score(known, read.incidents(version), read.causes(version), money, first, amount)


def read_labels(path: Path) -> list[Label]:
    """Read a sample's ``labels.csv``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Label(
                row["provider"],
                row["account"],
                _FOCUS_NAMES.get(row["service"], row["service"]),
                row["model"],
                datetime.fromisoformat(row["start"]).date(),
                (datetime.fromisoformat(row["end"]) - timedelta(seconds=1)).date(),
                row["kind"],
            )
            for row in csv.DictReader(file)
        ]


def score(
    labels: Sequence[Label],
    incidents: Sequence[Mapping[str, Any]],
    causes: Iterable[Mapping[str, Any]],
    planted: Mapping[Label, float],
    first: date,
    amount: float,
) -> Score:
    """Return the score of incidents and their causes (rows of the published tables).

    ``planted`` is the money that each label added; ``first`` the first day of the bills, ``amount`` an alert's money.
    """
    named: dict[str, dict[str, set[str]]] = {}
    for row in causes:
        named.setdefault(row["incident_id"], {}).setdefault(row["dimension"], set()).add(row["value"])
    judged = [row for row in incidents if row["kind"] != Kind.LIMIT]
    found: dict[Label, list[Mapping[str, Any]]] = {}
    for label in labels:
        hits = [row for row in judged if _finds(row, named.get(row["incident_id"], {}), label)]
        if hits:
            found[label] = sorted(hits, key=lambda row: row["raised_on"])
    right = {row["incident_id"] for hits in found.values() for row in hits}
    material = [each for each in labels if each.first >= first + WARM_UP and abs(planted.get(each, 0.0)) >= amount]
    delays: dict[str, list[int]] = {}
    for label, hits in found.items():
        delays.setdefault(label.kind, []).append(max((hits[0]["raised_on"] - label.first).days, 0))
    explained = [
        label for label, hits in found.items() if any(_names(named.get(row["incident_id"], {}), label) for row in hits)
    ]
    return Score(
        labels=len(labels),
        found=len(found),
        material=len(material),
        material_found=sum(each in found for each in material),
        incidents=len(judged),
        right=len(right),
        explained=len(explained),
        delays=delays,
        missed=tuple(each for each in material if each not in found),
        wrong=tuple(f"{row['first_day']} {row['series']}" for row in judged if row["incident_id"] not in right),
    )


def _finds(row: Mapping[str, Any], causes: Mapping[str, set[str]], label: Label) -> bool:
    if row["last_day"] < label.first or label.last < row["first_day"]:
        return False
    if (row["kind"] == Kind.PRICE) != (label.kind == "price_change") and row["kind"] == Kind.PRICE:
        return False
    wanted = label.values
    fixed = {name: {row[name]} for name in wanted if row[name] != ALL}
    known = {name: values for name, values in causes.items() if name in wanted} | fixed
    return "service_name" in known and all(wanted[name] in values for name, values in known.items())


def _names(causes: Mapping[str, set[str]], label: Label) -> bool:
    """Tell whether causes name the planted series alone; of a price it is the provider's service."""
    needed = ("provider", "service_name") if label.kind == "price_change" else tuple(label.values)
    return all(causes.get(name) == {label.values[name]} for name in needed)


def planted(version: Publication, labels: Iterable[Label]) -> dict[Label, float]:
    """Return the money that each label added: the cost of its days less the median of the days before, or after."""
    query = """
        select charge_date, sum(effective_cost)::double from fct_daily_costs
        where charge_category = 'Usage' and provider = ? and sub_account_id = ? and service_name = ? and ai_model = ?
        group by charge_date
    """
    found = {}
    with version.connect() as connection:
        for each in labels:
            model = each.model or absent_of(Dimension.MODEL)
            costs = dict(connection.execute(query, [each.provider, each.account, each.service, model]).fetchall())
            before = [costs.get(each.first - timedelta(days=n), 0.0) for n in range(1, BEFORE // 2 + 1)]
            after = [costs.get(each.last + timedelta(days=n), 0.0) for n in range(1, BEFORE // 2 + 1)]
            usual = median(before) if any(before) or each.kind == "forgotten_gpus" else median(after)
            days = (each.last - each.first).days + 1
            found[each] = sum(costs.get(each.first + timedelta(days=n), 0.0) for n in range(days)) - usual * days
    return found
