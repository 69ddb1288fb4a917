"""A published January with seven resources: what they are, how they were used, what they cost."""

from __future__ import annotations

import json

import duckdb

from finops.core.settings import Settings
from tests.unit.transform.releases import JANUARY, make

INVENTORY = """
    select *, date '2025-01-01' as first_observed_on, date '2025-01-31' as last_observed_on, 'cc-1' as cost_center,
        'atlas' as ai_project, model as ai_model, 'training' as ai_stage, 'production' as environment
    from (values
        ('aws', 'i-idle', 'USD', 'machine', 'p3.2xlarge', 'running', null, '', null, '', '{{}}', '{{}}', 'm1'),
        ('aws', 'i-busy', 'USD', 'machine', 'p3.2xlarge', 'running', null, '', null, '', '{{}}', '{{}}', 'm1'),
        ('aws', 'i-unmeasured', 'USD', 'machine', 'p3.2xlarge', 'running', null, '', null, '', '{{}}', '{{}}', 'm1'),
        ('aws', 'i-large', 'USD', 'machine', 'm5.4xlarge', 'running', null, '', null, '', '{{}}', '{{}}', 'm1'),
        ('aws', 'i-<b>x</b>', 'EUR', 'machine', 'm5.4xlarge', 'running', null, '', null, 'asg', '{{}}', '{{}}', 'm1'),
        ('aws', 'vol-gp2', 'USD', 'disk', null, 'in_use', 100.0, 'i-busy', null, '', '{{}}',
            '{{"volume_type": "gp2"}}', ''),
        ('aws', 'vol-free', 'USD', 'disk', null, 'available', 100.0, '', timestamp '2024-11-01', '', null,
            'no json', '')
    ) as r(provider, resource_id, billing_currency, resource_type, instance_type, state, size_gb, attached_to,
        last_used_at, group_id, tags, details, model)
"""
REST = """
    select *, '1111' as account_id, 'us-east-1' as region, 'us-east-1a' as zone, timestamp '2024-10-01' as created_at,
        false as is_spot, false as has_local_disk from ({})
"""
USAGE = """
    select 'aws' as provider, resource_id, metric, date '2025-01-01' + day::integer as usage_date, average,
        average as p95, average as maximum, 1440 as minutes_covered, 24 as hours_measured,
        if(average < 5, 24, 0) as idle_hours,
        if(average < 40, 24, 0) as longest_low_hours, average as night_average
    from (values
        ('i-idle', 'gpu_utilization', 0.5), ('i-idle', 'gpu_memory_utilization', 1.0),
        ('i-idle', 'network_bytes_per_second', 200.0),
        ('i-busy', 'gpu_utilization', 97.0), ('i-busy', 'gpu_memory_utilization', 80.0),
        ('i-busy', 'network_bytes_per_second', 9000000.0),
        ('i-large', 'cpu_utilization', 12.0), ('i-large', 'memory_utilization', 10.0),
        ('i-<b>x</b>', 'cpu_utilization', 12.0), ('i-<b>x</b>', 'memory_utilization', 10.0)
    ) as r(resource_id, metric, average), range(31) as d(day)
"""
COSTS = """
    select 'aws' as provider, resource_id, billing_currency, date '2025-01-01' + day::integer as charge_date,
        amount::decimal(38, 12) as effective_cost, amount::decimal(38, 12) as billed_cost,
        if(resource_id like 'i-%', 24, null)::decimal(38, 12) as billed_hours, 0::decimal(38, 12) as committed_cost,
        0::decimal(38, 12) as spot_cost, amount::decimal(38, 12) as on_demand_cost, null::varchar as commitment_ids,
        0::decimal(38, 12) as provisioned_cost,
        if(resource_id = 'i-large', 'm5.4xlarge', '') as instance_type
    from (values ('i-idle', 'USD', 73.44), ('i-busy', 'USD', 73.44), ('i-unmeasured', 'USD', 73.44),
        ('i-large', 'USD', 18.432), ('i-<b>x</b>', 'EUR', 18.0), ('vol-gp2', 'USD', 1.0), ('vol-free', 'USD', 2.0)
    ) as r(resource_id, billing_currency, amount), range(31) as d(day)
"""
TYPES = """
    select *, 'x86_64' as architecture, 0.0 as local_disk_gb, price::decimal(38, 12) as price_per_hour
    from (values
        ('aws', 'm5.xlarge', 'm5', 4, 16, 0, null, null, 0.192),
        ('aws', 'm5.4xlarge', 'm5', 16, 64, 0, null, null, 0.768),
        ('aws', 'p3.2xlarge', 'p3', 8, 61, 1, 'V100', 16, 3.06)
    ) as r(provider, instance_type, family, vcpus, memory_gib, gpus, gpu_family, gpu_memory_gib, price)
"""
MARTS = {
    "mart_resource_inventory": REST.format(INVENTORY.replace("{{", "{").replace("}}", "}")),
    "mart_resource_usage": USAGE,
    "mart_resource_costs": COSTS,
    "mart_machine_types": TYPES,
}


def publish_resources(settings: Settings) -> None:
    """Publish the January of the crafted warehouse, and the marts of resources beside it."""
    version = make(settings, JANUARY, "build-1")
    manifest = json.loads((version.path / "manifest.json").read_text(encoding="utf-8"))
    for mart, query in MARTS.items():
        folder = version.path / mart / "billing_period=2025-01"
        folder.mkdir(parents=True)
        duckdb.sql(f"copy ({query}) to '{folder / 'part.parquet'}'")
        manifest["marts"][mart] = {**manifest["marts"]["fct_daily_costs"], "billing_periods": ["2025-01"]}
        manifest["columns"][mart] = ["billing_period", *duckdb.sql(query).columns]
    (version.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
