"""To which accounts of the general ledger costs are posted: ``gl_accounts.yml``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from finops.core.errors import BadInput
from finops.core.focus import COLUMNS
from finops.core.providers import ANY_VENDOR, CLOUDS, is_provider
from finops.core.settings import Settings
from finops.policy import allocation
from finops.policy.loader import Entry
from finops.policy.loader import load as load_file
from finops.policy.located_yaml import Located

FILE = "gl_accounts.yml"
CONDITIONS = ("provider", "service_category", "charge_category")
"""What a rule can ask of a charge."""

_ALLOWED = {column.snake: column.allowed for column in COLUMNS} | {"provider": (*CLOUDS, ANY_VENDOR)}
_ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,38}[A-Za-z0-9])?")


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f"{text!r} is no account: letters, digits and . / _ - or blanks between them, at most 40")
    return text


Account = Annotated[str, AfterValidator(_account)]
"""Number or name of a GL account or a cost centre, as the ledger has it; leading zeros stay."""


def _one_of(column: str) -> BeforeValidator:
    def checked(given: object) -> tuple[str, ...]:
        values = given if isinstance(given, list) else [given]
        for each in values:
            if each not in _ALLOWED[column] and not (column == "provider" and is_provider(each)):
                raise ValueError(f"{each!r} is none of {', '.join(_ALLOWED[column])}")
        return tuple(values)

    return BeforeValidator(checked)


class Charged(Protocol):
    """A charge, or what a closed month's changed by."""

    @property
    def provider(self) -> str:
        """Where the bill is from."""

    @property
    def service_category(self) -> str:
        """As FOCUS has it."""

    @property
    def charge_category(self) -> str:
        """As FOCUS has it."""


class AccountRule(Entry):
    """Charges that meet every condition go to ``account``; a condition is one value or a list of them."""

    account: Account
    provider: Annotated[tuple[str, ...], _one_of("provider")] = ()
    service_category: Annotated[tuple[str, ...], _one_of("service_category")] = ()
    charge_category: Annotated[tuple[str, ...], _one_of("charge_category")] = ()

    def matches(self, charge: Charged) -> bool:
        """Tell whether the charge meets every condition."""
        return all(getattr(charge, each) in getattr(self, each) for each in CONDITIONS if getattr(self, each))

    def covers(self, other: AccountRule) -> bool:
        """Tell whether this rule takes everything that ``other`` asks for."""
        return all(
            not getattr(self, each) or (getattr(other, each) and set(getattr(other, each)) <= set(getattr(self, each)))
            for each in CONDITIONS
        )


class Unallocated(Entry):
    """Where costs without an owner are posted."""

    cost_center: Account
    account: Account


class Clearing(Entry):
    """The account of each provider from which its costs are handed out; the invoice is posted to it as well.

    ``focus`` is that of every vendor who is not named.
    """

    aws: Account
    azure: Account
    gcp: Account
    focus: Account | None = None
    vendors: dict[str, Account] = Field(default_factory=dict, description="By the vendor's name, as its bill has it.")

    def account_of(self, provider: str) -> str | None:
        """Return a provider's account, None where none is given."""
        own = getattr(self, provider) if provider in CLOUDS else self.vendors.get(provider)
        return own or self.focus


class Allocated(Entry):
    """The account, by rule of ``allocation.yml``, of what is moved between cost centres: debited and credited alike."""

    default: Account
    rules: dict[str, Account] = Field(default_factory=dict)

    def account_of(self, rule_id: str) -> str:
        """Return the account of what a rule moves."""
        return self.rules.get(rule_id, self.default)


class Accounts(Entry):
    """``gl_accounts.yml``: the first of ``accounts`` that matches, else ``default``.

    Without ``allocated`` shared cost is not posted.
    """

    default: Account
    unallocated: Unallocated
    clearing: Clearing
    allocated: Allocated | None = None
    accounts: tuple[AccountRule, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _empty_section(cls, given: Any) -> Any:
        """Take an `allocated` without keys for a section that lacks them, not for one that is not there."""
        is_empty = isinstance(given, dict) and "allocated" in given and given["allocated"] is None
        return {**given, "allocated": {}} if is_empty else given

    def account_of(self, charge: Charged) -> str:
        """Return the expense account of an owner's charge or adjustment."""
        return next((rule.account for rule in self.accounts if rule.matches(charge)), self.default)

    def clearing_of(self, provider: str) -> str:
        """Return the provider's clearing account. Raise BadInput when none is given for the vendor."""
        account = self.clearing.account_of(provider)
        if account is None:
            raise BadInput(f"{FILE}: clearing has no account for {provider}; add it to vendors, or focus for all")
        return account


def load(settings: Settings) -> Accounts:
    """Return the accounts. Raise BadInput, naming file, line and key, when the file is missing or invalid.

    Also for a rule that an earlier one hides, and for the account of a rule that ``allocation.yml`` does not know.
    """
    accounts, found = load_file(settings, FILE, Accounts, missing="it says to which GL account costs are posted")
    for number, rule in enumerate(accounts.accounts):
        earlier = next((n for n, each in enumerate(accounts.accounts[:number]) if each.covers(rule)), None)
        if earlier is not None:
            line = found.lines["accounts", earlier]
            raise found.error(("accounts", number), f"never applies: the rule on line {line} takes all it asks for")
    _require_known(accounts, found, settings)
    return accounts


def _require_known(accounts: Accounts, found: Located, settings: Settings) -> None:
    """Raise BadInput for the first account that no rule of shared cost would ever use."""
    if accounts.allocated is None or not accounts.allocated.rules:
        return
    rules = allocation.load(settings)
    known = sorted({each.id for each in (*rules.pools, *rules.prices)})
    for name in accounts.allocated.rules:
        if name not in known:
            says = f"{allocation.FILE} has no such rule; there are {', '.join(known) or 'none'}"
            raise found.error(("allocated", "rules", name), says)
