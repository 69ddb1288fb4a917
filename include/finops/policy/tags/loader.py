"""Read the two files into one policy; report what is invalid with file, line and key."""

from __future__ import annotations

from finops.core.settings import Settings
from finops.policy import loader
from finops.policy.tags import checks
from finops.policy.tags.models import TagPolicy, Taxonomy, VirtualTags

POLICY_FILE, RULES_FILE = "tag_policy.yml", "virtual_tags.yml"


def load(settings: Settings) -> TagPolicy:
    """Return the policy of the configuration folder; without ``virtual_tags.yml`` it has no rules.

    Raise BadInput, naming file, line and key: for an invalid entry, a spelling of two keys, a pattern that is no
    regular expression, a value the policy does not allow, a missing or doubled dimension, a rule that never decides
    anything because an earlier one always does.
    """
    taxonomy, keys = loader.load(settings, POLICY_FILE, Taxonomy, missing="`finops init DIR` writes one")
    virtual, rules = loader.load(settings, RULES_FILE, VirtualTags)
    policy = TagPolicy(**vars(taxonomy), **vars(virtual))
    checks.check_keys(policy, keys)
    checks.check_parents(policy, rules)
    checks.check_rules(policy, rules)
    return policy
