"""Meridian Robotics Ltd., the invented company whose bills these are: its AI models and accounts are CSV files here.

Cost centres, canonical tag keys and their other spellings are those of include/config.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from random import Random

from finops.core.dimensions import ABSENT
from finops.core.providers import CLOUDS, Provider

COST_CENTERS = {
    "cc-1001": "Research",
    "cc-1002": "Product",
    "cc-1003": "Data Platform",
    "cc-1004": "Customer Operations",
}
OWNERS = {
    "cc-1001": ("ada", "grace", "alan", "katherine", "edsger", "barbara", "emmy"),
    "cc-1002": ("linus", "margaret", "dennis", "radia", "ken", "frances"),
    "cc-1003": ("jean", "annie", "donald", "joan", "niklaus"),
    "cc-1004": ("hedy", "mary", "shafi", "karen"),
}
STALE = "stale-checkpoints"
ENVIRONMENTS = ("prod", "prod", "prod", "staging", "dev")


@dataclass(frozen=True, slots=True)
class Model:
    """An AI model the company trains or serves, its project and the cost centre that answers for it."""

    name: str
    project: str
    cost_center: str
    traffic: float


def _rows(file: str) -> list[dict[str, str]]:
    with files("finops.sample").joinpath(file).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


MODELS = tuple(Model(r["name"], r["project"], r["cost_center"], float(r["traffic"])) for r in _rows("models.csv"))


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account, an Azure subscription or a GCP project."""

    id: str
    name: str
    cost_centers: tuple[str, ...]
    region: str
    dialect: int = 0
    currency: str = "USD"


# How each account's teams spell the canonical keys. A cloud's own rules may change the spelling again.
_DIALECTS: tuple[dict[str, str], ...] = (
    {},
    {"cost-center": "CostCenter", "ai-model": "AI-Model", "ai-project": "AI-Project", "environment": "Environment"},
    {"cost-center": "cost_center", "ai-model": "ai_model", "ai-stage": "ai_stage", "ai-project": "ai_project"},
    {"cost-center": "costcenter", "environment": "env", "owner": "Owner"},
)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who a resource belongs to: what its tags should say."""

    cost_center: str
    owner: str
    environment: str
    model: Model | None = None
    stage: str | None = None
    experiment: str | None = None

    @property
    def name(self) -> str:
        """The AI model's name, or ``platform``: part of resource names."""
        return self.model.name if self.model else "platform"

    @property
    def traffic(self) -> float:
        """How much the AI model is used, around 1."""
        return self.model.traffic if self.model else 1.0

    def tagged_model(self, is_tagged: bool) -> str:
        """Return the AI model that a resource's tags name."""
        return self.model.name if self.model and is_tagged else ABSENT

    def tags(self, dialect: int = 0) -> dict[str, str]:
        """Return the tags in the spelling of an account's teams, in a stable order."""
        canonical = {
            "ai-project": self.model.project if self.model else None,
            "ai-model": self.model.name if self.model else None,
            "ai-stage": self.stage,
            "cost-center": self.cost_center,
            "environment": self.environment,
            "owner": f"{self.owner}@meridian-robotics.example",
            "experiment-id": self.experiment,
        }
        spelling = _DIALECTS[dialect % len(_DIALECTS)]
        return {spelling.get(key, key): value for key, value in canonical.items() if value}


def ownership(rng: Random, account: Account, stage: str) -> Ownership:
    """Draw who owns a resource of ``account`` for ``stage`` (of AI work, or ``platform``); old checkpoints train."""
    stage = "training" if stage == STALE else stage
    if stage == "platform":
        center = "cc-1003"
        return Ownership(center, rng.choice(OWNERS[center]), rng.choice(ENVIRONMENTS))
    models = [model for model in MODELS if model.cost_center in account.cost_centers] or list(MODELS)
    model = rng.choices(models, [each.traffic for each in models])[0]
    owner = rng.choice(OWNERS[model.cost_center])
    experiment = f"exp-{rng.randint(1, 15):04d}" if stage == "training" else None
    environment = "dev" if stage == "training" else rng.choice(ENVIRONMENTS)
    return Ownership(model.cost_center, owner, environment, model, stage, experiment)


AWS_PAYER = Account("210000000001", "meridian-management", tuple(COST_CENTERS), "us-east-1")


def _accounts(provider: Provider) -> tuple[Account, ...]:
    found = (row for row in _rows("accounts.csv") if row["provider"] == provider)
    return tuple(
        Account(r["id"], r["name"], tuple(r["cost_centers"].split("|")), r["region"], int(r["dialect"]), r["currency"])
        for r in found
    )


AWS_ACCOUNTS, AZURE_SUBSCRIPTIONS, GCP_PROJECTS = map(_accounts, CLOUDS)
EUROS_PER_DOLLAR = 0.92


def per_dollar(currency: str) -> float:
    """Return what a dollar is in a currency of the bills."""
    return EUROS_PER_DOLLAR if currency == "EUR" else 1.0
