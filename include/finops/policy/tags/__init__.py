"""The tag policy: which keys a charge must carry, how they are spelled, and who owns what nobody tagged.

``tag_policy.yml`` and ``virtual_tags.yml`` in the configuration folder, read into frozen types and checked before
anything runs. dbt gets them as Parquet beside its other inputs (``finops.transform.tag_inputs``).
"""

from finops.core.settings import Settings
from finops.policy import loader
from finops.policy.tags import checks
from finops.policy.tags.models import Source, TagPolicy, Taxonomy, VirtualTags

__all__ = ["POLICY_FILE", "RULES_FILE", "Source", "TagPolicy", "load"]

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
