"""What the actions on Azure have in common."""

from __future__ import annotations

from finops.rightsizing.actions.base import CloudAction


class AzureAction(CloudAction):
    """An action on Azure."""

    provider: str = "azure"
