"""Planning over 100,000 resources with 14 days of metrics: ``python -m tests.bench.rightsizing HOME`` writes them.

The marts are generated, since a bill and five-minute metrics of that size would take hours to write; what it takes to
land metrics is measured by ``tests.bench.telemetry`` at a smaller size.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

Row = tuple[str, float, float | None]

MONTH, RUN_DATE, DAYS, RESOURCES = "2025-06", "2025-06-21", 14, 100_000
FIGURE = "plan over 100,000 resources with 14 days of metrics, s"
BOUND, BOUND_MB = 120.0, 2048.0

_INVENTORY = """
    select
        'aws' as provider, 'i-' || lpad(n::varchar, 8, '0') as resource_id, 'USD' as billing_currency,
        case when n % 20 < 14 then 'machine' when n % 20 < 17 then 'disk' when n % 20 = 17 then 'snapshot'
            when n % 20 = 18 then 'endpoint' else 'bucket' end as resource_type,
        (100000000000 + n % 50)::varchar as account_id, 'us-east-1' as region, 'us-east-1a' as zone,
        case when n % 20 < 14 or n % 20 = 18 then if(n % 7 = 0, 'p3.8xlarge', 'm5.4xlarge') end as instance_type,
        case when n % 20 < 14 or n % 20 = 18 then 'running' when n % 40 = 15 then 'available' else 'in_use' end
            as state,
        500.0 as size_gb, case when n % 40 <> 15 then 'i-1' else '' end as attached_to,
        timestamp '2024-10-01' as created_at, timestamp '2025-01-01' as last_used_at, '' as group_id,
        false as is_spot, false as has_local_disk,
        if(n % 10 = 3, '{{"schedule": "office-hours"}}', '{{}}') as tags,
        if(n % 20 in (14, 15, 16), '{{"volume_type": "gp2"}}', '{{}}') as details,
        date '2025-06-01' as first_observed_on, date '2025-06-20' as last_observed_on,
        'cc-' || n % 20 as cost_center, 'project-' || n % 379 as ai_project, 'model-' || n % 1600 as ai_model,
        'training' as ai_stage, 'production' as environment
    from range({resources}) as r(n)
"""
_USAGE = """
    select
        'aws' as provider, 'i-' || lpad(n::varchar, 8, '0') as resource_id, metric,
        date '{run_date}' - {days} + day::integer as usage_date,
        (hash(n, metric, day) % 400 / 100.0 + if(n % 3 = 0, 1, 30))::double as average,
        (hash(n, metric, day) % 400 / 100.0 + if(n % 3 = 0, 1, 40))::double as p95,
        (hash(n, metric, day) % 400 / 100.0 + if(n % 3 = 0, 1, 50))::double as maximum,
        1440 as minutes_covered, 24 as hours_measured, if(n % 3 = 0, 24, 2) as idle_hours,
        if(n % 3 = 0, 24, 3) as longest_low_hours, 1.5::double as night_average
    from range({resources}) as r(n),
        (select unnest([
            'cpu_utilization', 'memory_utilization', 'network_bytes_per_second', 'gpu_utilization',
            'gpu_memory_utilization']) as metric) as m,
        range({days}) as d(day)
    where n % 20 < 14 or n % 20 = 18
"""
_COSTS = """
    select
        'aws' as provider, 'i-' || lpad(n::varchar, 8, '0') as resource_id, 'USD' as billing_currency,
        date '{run_date}' - 20 + day::integer as charge_date,
        (1 + n % 97)::decimal(38, 12) as effective_cost, (1 + n % 97)::decimal(38, 12) as billed_cost,
        if(n % 20 < 14, 24, null)::decimal(38, 12) as billed_hours,
        if(n % 11 = 0, 1 + n % 97, 0)::decimal(38, 12) as committed_cost, 0::decimal(38, 12) as spot_cost,
        if(n % 11 = 0, 0, 1 + n % 97)::decimal(38, 12) as on_demand_cost, null::varchar as commitment_ids,
        0::decimal(38, 12) as provisioned_cost,
        null::varchar as instance_type
    from range({resources}) as r(n), range(20) as d(day)
"""
_TYPES = """
    select 'aws' as provider, family || '.' || size as instance_type, family, vcpus, vcpus * 4.0 as memory_gib,
        gpus, if(gpus > 0, 'V100', null) as gpu_family, if(gpus > 0, 16.0, null) as gpu_memory_gib,
        'x86_64' as architecture, 0.0 as local_disk_gb, (vcpus * 0.048 + gpus * 2.5)::decimal(38, 12) as price_per_hour
    from (
        select 'f' || f as family, size, vcpus, 0 as gpus from range(400) as r(f),
            (values ('large', 2), ('xlarge', 4), ('2xlarge', 8), ('4xlarge', 16)) as s(size, vcpus)
        union all select 'm5', size, vcpus, 0
        from (values ('large', 2), ('xlarge', 4), ('2xlarge', 8), ('4xlarge', 16)) as s(size, vcpus)
        union all select 'p3', size, vcpus, gpus
        from (values ('2xlarge', 8, 1), ('8xlarge', 32, 4), ('16xlarge', 64, 8)) as s(size, vcpus, gpus)
    )
"""
_DAILY = """
    select 'aws' as provider, 'USD' as billing_currency, date '2025-06-01' as charge_date,
        1::decimal(38, 12) as effective_cost
"""
_MARTS = {
    "mart_resource_inventory": _INVENTORY,
    "mart_resource_usage": _USAGE,
    "mart_resource_costs": _COSTS,
    "mart_machine_types": _TYPES,
    "fct_daily_costs": _DAILY,
}


def rows(cache: Path, measure: Callable[[str, Path], dict[str, float]], run: Callable[..., str]) -> list[Row]:
    """Return how long it takes to find what could be saved and to make the rows of it, and the memory it takes."""
    home = cache / "a-hundred-thousand-resources"
    if not (home / "published" / "current").exists():
        run("tests.bench.rightsizing", str(home))
    found = min((measure("rightsizing", home) for _ in range(2)), key=lambda each: each["wall"])
    return [
        (f"rightsizing: {FIGURE}", found["wall"], BOUND),
        ("rightsizing: the same, CPU s", found["cpu"], None),
        ("rightsizing: the same, peak MB", found["peak_mb"], BOUND_MB),
        ("rightsizing: the same, findings", found["made"], None),
    ]


def _write(home: Path) -> None:
    version = home / "published" / "versions" / "bench"
    columns = {}
    for mart, query in _MARTS.items():
        folder = version / mart / f"billing_period={MONTH}"
        folder.mkdir(parents=True)
        filled = query.format(resources=RESOURCES, days=DAYS, run_date=RUN_DATE)
        duckdb.sql(f"copy ({filled}) to '{folder / 'part.parquet'}'")
        columns[mart] = ["billing_period", *duckdb.sql(filled).columns]
    manifest = {
        "build_id": "bench",
        "billing_periods": [MONTH],
        "marts": {mart: {"billing_periods": [MONTH]} for mart in _MARTS},
        "columns": columns,
        "fact": {"partitions": []},
    }
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (home / "config").mkdir()
    (home / "published" / "current").symlink_to(Path("versions") / "bench")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
