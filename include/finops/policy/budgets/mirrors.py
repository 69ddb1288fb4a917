"""Which budgets are mirrored into which cloud: ``mirrors`` of ``budgets.yml``. It holds no secret."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from finops.policy.budgets.models import Line
from finops.policy.loader import Currency, Entry, Text

_SCOPES = {
    "aws": (r"[0-9]{12}", "an account's 12 digits, in quotes"),
    "azure": (
        r"/subscriptions/[0-9a-fA-F-]{36}|/providers/Microsoft\.Billing/billingAccounts/[\w:.-]+",
        "/subscriptions/ID or /providers/Microsoft.Billing/billingAccounts/ID",
    ),
    "gcp": (r"billingAccounts/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", "billingAccounts/XXXXXX-XXXXXX-XXXXXX"),
}
_ACTION_GROUP = r"(?i:/subscriptions/[^/]+/resourceGroups/[^/]+/providers/microsoft\.insights/actionGroups/[^/]+)"
_MAIL = r"[^\s@,;]+@[^\s@,;]+"
_TELLS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "aws": (
        (_MAIL, 10, "an address of mail"),
        (r"arn:aws[\w-]*:sns:[\w-]+:[0-9]{12}:[\w.-]+", 1, "an SNS topic's ARN"),
    ),
    "azure": (
        (_MAIL, 50, "an address of mail"),
        (_ACTION_GROUP, 50, "an action group's id"),
    ),
    "gcp": (
        (r"projects/[^/]+/topics/[^/]+", 1, "projects/P/topics/T"),
        (r"projects/[^/]+/notificationChannels/[^/]+", 5, "projects/P/notificationChannels/C"),
    ),
}
"""Whom a cloud's budgets can tell: the form, and how many of it at most."""


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Mirror(Entry):
    """An account, a subscription or a billing account whose own budgets are kept as ``budgets.yml`` has them."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$", description="Part of the names of its budgets.")]
    provider: Literal["aws", "azure", "gcp"]
    scope: Annotated[str, BeforeValidator(_text)]
    currency: Currency = Field(default="USD", description="What the cloud bills there; budgets of others stay here.")
    connection: Text | None = None
    budgets: Literal["all"] | tuple[Text, ...]
    notify: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _is_of_its_cloud(self) -> Mirror:
        pattern, form = _SCOPES[self.provider]
        if not re.fullmatch(pattern, self.scope):
            raise ValueError(f"scope {self.scope!r} is none of {self.provider}: {form}")
        kinds = _TELLS[self.provider]
        for each in self.notify:
            if not any(re.fullmatch(form, each) for form, _, _ in kinds):
                known = " or ".join(words for _, _, words in kinds)
                raise ValueError(f"notify {each!r} cannot be told by {self.provider}: give {known}")
        for form, most, words in kinds:
            if sum(bool(re.fullmatch(form, each)) for each in self.notify) > most:
                raise ValueError(f"notify has more than {most} of the form {words}")
        return self

    @property
    def prefix(self) -> str:
        """How the names of its budgets begin in the cloud; no other budget there is touched."""
        return f"finops_{self.name}_"

    def has(self, line: Line) -> bool:
        """Tell whether a budget is one of those that it names."""
        return self.budgets == "all" or line.id in self.budgets
