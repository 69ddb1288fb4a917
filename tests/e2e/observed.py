"""What the end-to-end tests look at: runs of Airflow, what has landed, and what readers have."""

from __future__ import annotations

from collections import Counter

from finops.core.settings import Settings
from finops.stores import published
from finops.stores.state import ledger, period_inputs
from finops.stores.state.store import open_state
from finops_airflow.local.headless import LocalAirflow


def quiet(airflow: LocalAirflow, *dag_ids: str) -> bool:
    found = (run for dag_id in dag_ids or ("~",) for run in airflow.rest.runs(dag_id))
    return all(run["state"] in ("success", "failed") for run in found)


def partitions(settings: Settings) -> set[str]:
    return set(published.latest(settings).manifest["fact"]["partitions"])


def nothing_pending(settings: Settings) -> bool:
    with open_state(settings).begin() as connection:
        return not period_inputs.pending(connection)


def runs(airflow: LocalAirflow, dag_id: str) -> list[tuple[str | None, str]]:
    return [(run["partition_key"], run["state"]) for run in airflow.rest.runs(dag_id)]


def failed(airflow: LocalAirflow) -> list[str]:
    return [f"{run['dag_id']} {run['partition_key']}" for run in airflow.rest.runs("~") if run["state"] == "failed"]


def deliveries(settings: Settings) -> Counter[str]:
    """Count all deliveries that ever landed, by month."""
    with open_state(settings).begin() as connection:
        current = ledger.current(connection)
        every = [d for c in current for d in ledger.history(connection, c.provider, c.source, c.billing_period)]
    return Counter(str(delivery.billing_period) for delivery in every)


def query(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    import duckdb

    with duckdb.connect(str(published.latest(settings).database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def mart_rows(settings: Settings, name: str) -> Counter[tuple[object, ...]]:
    return Counter(query(settings, f"select * from {name}"))
