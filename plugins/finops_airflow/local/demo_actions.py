"""The part of ``make demo`` in which two machines are resized: planned, approved in Airflow, applied, accounted for.

The cloud is the stand-in for AWS, seeded with the sample's inventory of the day before. The sample's bills have the
resize of one of the machines from that day on, and of the other none: what the ledger makes of both is known.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.core.settings import Settings
from finops_airflow.local import aws_standin
from finops_airflow.local.headless import USER

_ACCOUNT, _CONNECTION = "210000000011", "demo_aws"
_COST_CENTER = "cc-1003"
"""Of both machines: the demo asks for approval of a handful of actions, not of all that the sample holds."""


@dataclass(frozen=True, slots=True)
class Resize:
    """A machine that the sample plants: from when its bill has the resize, and what that saved until the end."""

    resource_id: str
    since: date
    saving: Decimal
    currency: str


def planted(settings: Settings) -> list[Resize]:
    """Return the resizes that the sample's bills hold; none of a sample without their month."""
    told = json.loads((settings.root / "sample" / "telemetry" / "truths.json").read_text(encoding="utf-8"))
    return [
        Resize(
            each["keys"]["resource_id"],
            date.fromisoformat(each["known"]["effective_from"]),
            Decimal(str(each["known"]["saving"])),
            each["known"]["currency"],
        )
        for each in told
        if each["kpi"] == "savings"
    ]


@contextmanager
def cloud(settings: Settings) -> Iterator[aws_standin.StandIn]:
    """Run the stand-in for AWS; Airflow, if it is started within, reaches it by a Connection."""
    with aws_standin.running(settings.root / "airflow" / "aws") as stand_in:
        login = {"login": aws_standin.access_key(_ACCOUNT), "password": aws_standin.SECRET_KEY}
        os.environ[f"AIRFLOW_CONN_{_CONNECTION.upper()}"] = json.dumps({"conn_type": "aws", **login})
        os.environ["AWS_ENDPOINT_URL"] = stand_in.url
        yield stand_in


def configured(settings: Settings) -> Settings:
    """Return the settings with a copy of the configuration in which actions are more than shown."""
    folder = settings.root / "demo-config"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(settings.configuration_dir, folder)
    (folder / "rightsizing.yml").write_text(_POLICY, encoding="utf-8")
    return settings.model_copy(update={"config_dir": folder})


def seed(settings: Settings, stand_in: aws_standin.StandIn, resizes: list[Resize]) -> None:
    """Let the stand-in have what the account held on the day before."""
    import duckdb

    before = min(each.since for each in resizes) - timedelta(days=1)
    inventory = settings.root / "sample" / "telemetry" / "resource_inventory" / f"{before:%Y-%m}.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(
            "select * from read_parquet(?) where provider = 'aws' and account_id = ? and cast(observed_at as date) = ?",
            [str(inventory), _ACCOUNT, before],
        )
        names = [each[0] for each in found.description or ()]
        rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]
    stand_in.seed(rows)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def accounted(settings: Settings, resizes: list[Resize]) -> Iterator[tuple[Resize, Decimal]]:
    """Yield each planted resize with what the published ledger says that it saved."""
    from finops.stores import published

    with published.latest(settings).connect() as connection:
        for each in resizes:
            query = "select coalesce(sum(realised), 0) from mart_action_savings where resource_id = ?"
            (realised,) = connection.execute(query, [each.resource_id]).fetchone() or (Decimal(0),)
            yield each, Decimal(realised)


_POLICY = f"""# The sample company's rightsizing.yml, with actions switched on for one account of the stand-in for AWS.
dry_run: false
accounts:
  - {{id: "{_ACCOUNT}", provider: aws, connection: {_CONNECTION}}}
allow_tags:
  cost-center: [{_COST_CENTER}]
caps: {{count: 10, percent: 100, monthly_cost: 20000}}
approvers: [{USER}]
second_approver_above: 5000
"""
