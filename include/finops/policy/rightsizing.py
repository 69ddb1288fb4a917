"""What may be done to resources, and who decides: ``rightsizing.yml``. Without the file no account is open to actions.

Amounts are per month, in the currency of the bill; each currency has the limit to itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.policy.loader import Entry, Text
from finops.policy.loader import load as load_file
from finops.policy.rightsizing_rules import Rules

FILE = "rightsizing.yml"

_Amount = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=6, allow_inf_nan=False)]
_Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=12, decimal_places=6, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, le=1)]
_NOT_PROTECTED = ("false", "no", "0")


class Account(Entry):
    """An account of AWS, subscription of Azure or project of Google, and how it is reached."""

    id: Text = Field(description="As the bill's SubAccountId has it.")
    provider: Text
    is_allowed: bool = Field(default=True, description="Whether actions may change anything in it.")
    regions: tuple[Text, ...] = Field(default=(), description="Only these; none: all.")
    connection: Text | None = Field(default=None, description="Airflow Connection; none: the SDK's default chain.")
    role_arn: Text | None = Field(default=None, description="AWS: role that the default chain's login takes.")
    external_id: Text | None = None
    organization: Text | None = Field(
        default=None, description="AWS: the account among these through which the organization's policies are set."
    )


class Caps(Entry):
    """How much actions may change within 24 hours, so that a wrong rule does little harm."""

    count: Annotated[int, Field(ge=1, le=1000)] = Field(default=10, description="So many actions.")
    percent: _Percent = Field(
        default=Decimal(20), description="So many percent of the resources that a rule has found; one in any case."
    )
    monthly_cost: _Amount = Field(default=Decimal(5000), description="Resources that cost so much together.")


class Ledger(Entry):
    """When a rule whose savings do not come about is set aside."""

    least_ratio: _Share = Field(default=0.5, description="Realised over estimated saving, at least.")
    actions: Annotated[int, Field(ge=1, le=100)] = Field(default=3, description="So many actions in a row below it.")
    tolerance: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.02, description="A difference of less than this share of the baseline is noise, and saves nothing."
    )


class RightsizingPolicy(Entry):
    """Everything that ``rightsizing.yml`` says."""

    dry_run: bool = Field(default=True, description="Whether actions are only shown. No command overrides it.")
    actions_enabled: bool = Field(default=True, description="False stops every action before its next step.")
    accounts: tuple[Account, ...] = ()
    allow_tags: dict[Text, tuple[Text, ...]] = Field(
        default_factory=dict, description="Tags that a resource must have, each with one of its values; none: any."
    )
    protect_tag: Text = Field(
        default="protect", description="A resource with it, or that of the rules, is left alone unless it says false."
    )
    caps: Caps = Caps()
    freshness_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        default=72, description="Findings, and the metrics behind them, are at most so old."
    )
    cool_down_days: Annotated[int, Field(ge=0, le=365)] = Field(
        default=14, description="So long a resource is left alone after an action on it."
    )
    approvers: tuple[Text, ...] = Field(default=(), description="Who may approve; none: nobody can.")
    second_approver_above: _Amount = Field(
        default=Decimal(1000),
        description="Two persons approve where the resource costs more than this, or is a whole account.",
    )
    approval_expires_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        default=72, description="What is not approved, or not begun, by then is off."
    )
    verify_after_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(
        default=(3, 7, 30), description="When the state is read again, to see whether it is still as intended."
    )
    ledger: Ledger = Ledger()
    rules: Rules = Rules()

    def account(self, provider: str, ident: str) -> Account | None:
        """Return the entry of an account; None where the file does not name it."""
        return next((each for each in self.accounts if (each.provider, each.id) == (provider, ident)), None)

    def is_protected(self, tags: dict[str, str]) -> bool:
        """Tell whether a protect tag is among tags. Only an express ``false``, ``no`` or ``0`` lifts it."""
        keys = {plain(self.protect_tag), plain(self.rules.protect_tag)}
        values = [value for key, value in tags.items() if plain(key) in keys]
        return any(plain(value) not in _NOT_PROTECTED for value in values)

    def missing_tag(self, tags: dict[str, str]) -> str:
        """Return the allow-listed tag that is missing or has another value; empty where all are there."""
        by_key = {plain(key): plain(value) for key, value in tags.items()}
        for key, values in self.allow_tags.items():
            if by_key.get(plain(key)) not in {plain(each) for each in values}:
                return key
        return ""


def plain(text: str) -> str:
    """Return a tag's key or value as it is compared: case, and the kind of dash, do not count."""
    return text.strip().casefold().replace("_", "-")


def load(settings: Settings) -> RightsizingPolicy:
    """Return the policy. Raise BadInput, naming file, line and key, for what is invalid.

    Also for an unknown provider, an account or approver that is there twice, a role or organization of another cloud
    than AWS, and an organization that is none of the accounts.
    """
    content, found = load_file(settings, FILE, RightsizingPolicy)
    seen: set[tuple[str, str]] = set()
    for number, account in enumerate(content.accounts):
        if account.provider not in CLOUDS:
            says = f"unknown provider {account.provider!r}; known are {', '.join(CLOUDS)}"
            raise found.error(("accounts", number, "provider"), says)
        if (account.provider, account.id) in seen:
            raise found.error(("accounts", number, "id"), f"{account.provider} {account.id} is there twice")
        if account.role_arn and account.provider != "aws":
            raise found.error(("accounts", number, "role_arn"), "only an account of aws has a role to take")
        if account.organization and (account.provider != "aws" or content.account("aws", account.organization) is None):
            says = f"{account.organization} is none of the accounts of aws here; only these have an organization"
            raise found.error(("accounts", number, "organization"), says)
        seen.add((account.provider, account.id))
    for number, name in enumerate(content.approvers):
        if name in content.approvers[:number]:
            raise found.error(("approvers", number), f"{name!r} is there twice; two persons must be two")
    return content
