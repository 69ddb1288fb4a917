"""Lands a provider's new bills, once a day.

There is one DAG per provider, `ingest_billing_focus` for all vendors whose bills are in FOCUS. It asks each source in
`sources.yml` what it offers, lands the deliveries that are new or restated, and names their billing periods on the
provider's asset, which starts `build_marts` for each. A delivery that has landed before costs one look-up, so a day
without changes takes seconds.

A source that fails does not stop the others. An incomplete delivery waits for the next day. A damaged delivery is
quarantined: its source's `land_source` fails with its name, whatever else is new has landed and is announced. Once the
file is mended, clear the task: it reads the source again. `finops status` shows what waits and what was rejected.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, TriggerRule, task

from finops.core.providers import ANY_VENDOR, Provider
from finops_airflow.assets import LANDED
from finops_airflow.defaults import INGEST_POOL, finops_dag
from finops_airflow.steps import bills
from finops_airflow.tasks import all_landed, land, name_periods
from finops_airflow.timetables import CronWithRuntimePartitions


def ingest_billing(provider: Provider, landed: Asset, cron: str) -> None:
    """Declare the DAG of one provider."""

    @task(outlets=[landed], trigger_rule=TriggerRule.ALL_DONE)
    def announce(reports, *, outlet_events):
        return name_periods(bills.landed_periods(reports), landed, outlet_events, "nothing new has landed")

    # The weight takes the day's bills past those of a backfill that wait for the same pool.
    @task(pool=INGEST_POOL, priority_weight=10, map_index_template="{{ task.op_kwargs['name'] }}")
    def land_source(name, *, ti):
        return land(name, None, ti)

    with finops_dag(
        f"ingest_billing_{provider}",
        schedule=CronWithRuntimePartitions(cron, timezone="UTC"),
        deadline=timedelta(hours=4),
        tags=["ingest", str(provider)],
        doc_md=__doc__,
    ):
        names = task(bills.sources_of)(str(provider))
        reports = land_source.expand(name=names)
        announce(reports)
        all_landed(reports)


# The clouds refresh their exports in the night (UTC); the minutes differ so that they do not start at once.
for each_provider, each_cron in (
    (Provider.AWS, "0 5 * * *"),
    (Provider.AZURE, "10 5 * * *"),
    (Provider.GCP, "20 5 * * *"),
    (ANY_VENDOR, "30 5 * * *"),
):
    ingest_billing(each_provider, LANDED[each_provider], each_cron)
