"""Builds, checks and publishes a billing period after it has landed.

The assets of the providers and of the hourly check start it; the partition key is the billing period. The state
store, not the event, says what is pending. So a surplus event does nothing (`build` is skipped), and the next run
makes up for one that was killed. Readers keep the last published version until `publish` replaces it.

Runs of different months go on at the same time, each in a workspace of its own; publications take turns. Of two runs of
one month the later build counts: `gate` and `publish` of the earlier are skipped.

A manual run without a partition key builds everything that is pending, as `finops build` does.

A provider's month that cannot be built, or that `gate` refuses, is held back on its last good version, and the others
are published. Then `held_back` fails and names it with its deliveries, the cause and what to do; open
`quality/<build_id>/index.html` under FINOPS_HOME for what the gate found. When nothing at all can be published, `build`
or `gate` fails too. A corrected delivery starts the next run by itself; clear `build` to try the same delivery again.

The note on the run says what the gate found and links its page.

`serve` copies what changed into the PostgreSQL schema for BI tools; it is skipped when FINOPS_SERVING_URL is not set.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable

from finops.core.providers import ANY_VENDOR, Provider
from finops_airflow.assets import LANDED, RESYNC
from finops_airflow.building import build_and_publish
from finops_airflow.defaults import BUILDS_AT_ONCE, finops_dag

with finops_dag(
    "build_marts",
    schedule=PartitionedAssetTimetable(
        assets=LANDED[Provider.AWS] | LANDED[Provider.AZURE] | LANDED[Provider.GCP] | LANDED[ANY_VENDOR] | RESYNC
    ),
    deadline=timedelta(hours=4),
    tags=["build"],
    doc_md=__doc__,
    max_active_runs=BUILDS_AT_ONCE,
):
    # The weight takes the day's builds past those of a backfill that wait for the same pool.
    build_and_publish(priority_weight=10)
