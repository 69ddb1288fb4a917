"""Read the two files into one policy, and refuse what cannot be meant, with file, line and key."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy.located_yaml import Located, read
from finops.policy.tags import checks
from finops.policy.tags.models import TagPolicy

POLICY_FILE, RULES_FILE = "tag_policy.yml", "virtual_tags.yml"
_FIELDS = {POLICY_FILE: ("precedence", "keys"), RULES_FILE: ("parents", "account_labels", "rules")}


def load(settings: Settings) -> TagPolicy:
    """Return the policy of the configuration folder; without ``virtual_tags.yml`` it has no rules.

    Raise BadInput, naming file, line and key: for what is not of the form, a spelling of two keys, a pattern that is
    no regular expression, a value the policy does not allow, a rule that never decides anything because an earlier
    one always does.
    """
    folder = settings.configuration_dir
    policy = _read(folder / POLICY_FILE)
    rules = _read(folder / RULES_FILE) if (folder / RULES_FILE).exists() else Located(folder / RULES_FILE, {}, {})
    found = _validated(policy, rules)
    checks.check_keys(found, policy)
    checks.check_parents(found, rules)
    checks.check_rules(found, rules)
    return found


def _read(file: Path) -> Located:
    if not file.exists():
        raise BadInput(f"{file} does not exist; copy the one of the project and change it")
    found = read(file)
    if not isinstance(found.content, dict):
        raise BadInput(f"{file}: has none of the keys {', '.join(_FIELDS[file.name])}")
    for name in found.content:
        if name not in _FIELDS[file.name]:
            raise found.error((name,), f"unknown key; known: {', '.join(_FIELDS[file.name])}")
    return found


def _validated(policy: Located, rules: Located) -> TagPolicy:
    try:
        return TagPolicy.model_validate({**policy.content, **rules.content})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"]
        file = rules if place and place[0] in _FIELDS[RULES_FILE] else policy
        says = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            says = "unknown key"
        elif first["type"] == "missing":
            says = f"lacks {place[-1]}"
        raise file.error(place, says) from None
