"""A project of Google Cloud with an inventory, as a source asks it."""

from __future__ import annotations

import json
from typing import Any

from google.oauth2.credentials import Credentials
from servers.gcp_lists import PROJECT, TOKEN, ZONE, GcpLists
from telemetry_steps import TODAY, landed

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource

DAY = TODAY.date()
COMPUTE = f"//compute.googleapis.com/projects/{PROJECT}"
ELSEWHERE = "zones/europe-west4-b"


def source_of(server: GcpLists, **more: Any) -> dict[str, Any]:
    head = {"name": "gcp", "kind": "resource_inventory", "type": "gcp_inventory", "projects": [PROJECT]}
    urls = {name: server.url for name in ("url", "storage_url", "vertex_url", "monitoring_url")}
    return head | urls | more


def land(settings: Settings, credentials: Any = None) -> list[str]:
    return pipeline.land(settings, "gcp", client_for=lambda _: credentials or Credentials(TOKEN))


def rows_of(settings: Settings, source: TelemetrySource, kind: str) -> dict[str, dict[str, Any]]:
    rows = [each for each in landed(settings, source, DAY) if each["resource_type"] == kind]
    parsed = [each | {name: json.loads(each[name]) for name in ("tags", "details")} for each in rows]
    return {each["resource_id"]: each for each in parsed}


def machine(**more: Any) -> dict[str, Any]:
    boot = {"type": "PERSISTENT", "boot": True, "architecture": "X86_64"}
    return {"status": "RUNNING", "machineType": f"zones/{ZONE}/machineTypes/n2-standard-8", "disks": [boot]} | more
