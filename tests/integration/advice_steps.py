"""What tests of the recommendations of all three clouds share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from telemetry_steps import TODAY, landed

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource

TOKEN = "canary-token-7f3a"


class Login:
    """A credential of azure-identity's, and credentials of google-auth's."""

    token: str | None = None

    def get_token(self, *_: str, **__: Any) -> Any:
        return SimpleNamespace(token=TOKEN)

    def refresh(self, _request: Any) -> None:
        self.token = TOKEN


def land(settings: Settings, client: Any) -> list[str]:
    return pipeline.land(settings, "advice", client_for=lambda _: client)


def source_of(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "advice", "kind": "recommendations", "type": kind} | more


def by_id(settings: Settings, source: TelemetrySource) -> dict[str, dict[str, Any]]:
    return {each["recommendation_id"]: each for each in landed(settings, source, TODAY.date())}


def essence(row: dict[str, Any]) -> tuple[Any, ...]:
    saving = None if row["monthly_saving"] is None else round(float(row["monthly_saving"]), 2)
    return row["resource_type"], row["action"], row["resource_id"], saving, row["currency"]
