"""What the actions on Google Cloud have in common."""

from __future__ import annotations

from finops.rightsizing.actions.base import CloudAction


class GcpAction(CloudAction):
    """An action on Google Cloud."""

    provider: str = "gcp"
