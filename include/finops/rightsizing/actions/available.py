"""The actions that each cloud has, by name: rules ask without loading the clouds' clients."""

from __future__ import annotations

from collections.abc import Mapping

from finops.core.providers import Provider

_EVERYWHERE = frozenset(
    {
        *("delete_volume", "resize_machine", "restore_volume", "scale_endpoint", "scale_group", "set_lifecycle"),
        *("start_machine", "stop_machine", "tag"),
    }
)
AVAILABLE: Mapping[str, frozenset[str]] = {
    Provider.AWS: _EVERYWHERE
    | {
        *("abort_uploads", "archive_snapshot", "attach_policy", "change_volume", "limit_requests", "release_address"),
        *(
            "remove_schedule",
            "restore_snapshot",
            "schedule_endpoint",
            "schedule_machine",
            "set_concurrency",
            "use_spot",
        ),
    },
    Provider.AZURE: _EVERYWHERE | {"assign_policy", "change_volume"},
    Provider.GCP: _EVERYWHERE | {"limit_quota", "limit_requests", "remove_schedule", "schedule_machine"},
}


def has(provider: str, action: str) -> bool:
    """Tell whether there is such an action on a cloud."""
    return action in AVAILABLE.get(provider, frozenset())
