"""Read ``gl_accounts.yml``, and refuse what cannot be meant, with file, line and key."""

from __future__ import annotations

from pydantic import ValidationError

from finops.chargeback.journal.models import Accounts
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import allocation
from finops.policy.located_yaml import Located, read

FILE = "gl_accounts.yml"


def load(settings: Settings) -> Accounts:
    """Return the accounts. Raise BadInput naming file, line and key.

    Also for a rule that an earlier one hides, and for the account of a rule that ``allocation.yml`` does not know.
    """
    path = settings.configuration_dir / FILE
    if not path.exists():
        raise BadInput(f"{path} does not exist; it says to which GL account costs are posted")
    found = read(path)
    try:
        accounts = Accounts.model_validate(found.content if found.content is not None else {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        says = {"extra_forbidden": "unknown key", "missing": f"lacks {first['loc'][-1]}" if first["loc"] else ""}
        raise found.error(first["loc"], says.get(first["type"]) or _plain(first["msg"], first["input"])) from None
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
            there_are = f"there are {', '.join(known)}" if known else "there are none"
            raise found.error(("allocated", "rules", name), f"{allocation.FILE} has no such rule; {there_are}")


def _plain(message: str, given: object) -> str:
    if message.startswith("Value error, "):
        return message.removeprefix("Value error, ")
    if message.startswith("String should match pattern"):
        return f"{given!r} is no account: letters, digits and . / _ - or blanks between them, at most 40"
    return f"{message[0].lower()}{message[1:]} (it is {given!r})"
