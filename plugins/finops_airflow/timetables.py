"""The one timetable that Airflow does not bring along."""

from airflow.timetables.trigger import CronTriggerTimetable


class CronWithRuntimePartitions(CronTriggerTimetable):
    """Runs by cron; the partitions it produces are named while it runs, by ``outlet_events[…].add_partitions``.

    Which billing periods a run lands is known only when the cloud was asked, so the key cannot come from the clock
    (``CronPartitionTimetable``), and ``PartitionedAtRuntime`` has no schedule.
    """

    partitioned_at_runtime = True
