"""The tag policy: which keys a charge must carry, how they are spelled, and who owns what nobody tagged.

``tag_policy.yml`` and ``virtual_tags.yml`` in the configuration folder, read into frozen types and checked before
anything runs. dbt gets them as Parquet beside its other inputs (``finops.transform.tag_inputs``).
"""

from finops.policy.tags.loader import load
from finops.policy.tags.models import Source, TagPolicy

__all__ = ["Source", "TagPolicy", "load"]
