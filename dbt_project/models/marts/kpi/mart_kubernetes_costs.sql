{%- set period = "provider, resource_id, charge_start, charge_end" -%}
{%- set day = "billing_period, provider, billing_currency, charge_date, resource_id" -%}
{%- set workload = "cluster, namespace, workload" -%}
{%- set costs = ["billed_cost", "effective_cost"] -%}

with
    nodes as (
        select
            provider,
            resource_id,
            max(cluster) as node_cluster,
            max(node_gpus) as node_gpus,
        from {{ ref("node_usage") }}
        group by provider, resource_id
    ),

    charges as (
        select
            charges.billing_period,
            charges.provider,
            charges.billing_currency,
            charges.charge_date,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
            charges.gpus_metered is not null as is_metered_by_gpu,
            {% for cost in costs %} sum(charges.{{ cost }}) as {{ cost }}, {% endfor %}
            sum(
                divide(
                    cast(charges.metered_hours * 3600000000000 as hugeint),
                    charges.units_per_machine
                )
            ) as machine_ns,
        from {{ ref("kpi_charges") }} as charges
        inner join
            nodes
            on nodes.provider = charges.provider
            and nodes.resource_id = charges.resource_id
        group by all
    ),

    periods as (
        select
            {{ period }},
            date_diff('microsecond', charge_start, charge_end) * 1000 as length_ns,
            coalesce(
                greatest(
                    sum(machine_ns) filter (where is_metered_by_gpu),
                    sum(machine_ns) filter (where not is_metered_by_gpu)
                ),
                0
            ) as machine_ns,
        from charges
        group by {{ period }}
    ),

    period_hours as (
        select
            {{ period }},
            unnest(
                generate_series(
                    date_trunc('hour', charge_start),
                    charge_end - interval 1 microsecond,
                    interval 1 hour
                )
            ) as charge_hour,
        from periods
    ),

    -- An hour that a charge covers in part is used in that part.
    used as (
        select
            hours.provider,
            hours.resource_id,
            hours.charge_start,
            hours.charge_end,
            {{ workload }},
            hours.charge_hour,
            gpu_minutes,
            used_gpu_minutes,
            cpu_minutes,
            {% for part in ("node_ns", "part_ns") %}
                divide(
                    cast({{ part }} as hugeint) * date_diff(
                        'microsecond',
                        greatest(hours.charge_hour, hours.charge_start),
                        least(hours.charge_hour + interval 1 hour, hours.charge_end)
                    ),
                    3600000000
                ) as {{ part }},
            {% endfor %}
        from period_hours as hours
        inner join
            {{ ref("node_usage") }} as usage
            on usage.provider = hours.provider
            and usage.resource_id = hours.resource_id
            and usage.usage_hour = hours.charge_hour
    ),

    seen as (
        select {{ period }}, sum(node_ns) as seen_ns, sum(part_ns) as used_weight,
        from
            (
                select
                    {{ period }},
                    charge_hour,
                    max(node_ns) as node_ns,
                    sum(part_ns) as part_ns,
                from used
                group by {{ period }}, charge_hour
            )
        group by {{ period }}
    ),

    weights as (
        select {{ period }}, {{ workload }}, sum(part_ns) as weight,
        from used
        group by {{ period }}, {{ workload }}
    ),

    totals as (
        select
            {{ period }},
            coalesce(seen.used_weight, 0) as used_weight,
            greatest(
                coalesce(seen.used_weight, 0),
                coalesce(seen.seen_ns, 0),
                case
                    when periods.machine_ns > 0
                    then least(periods.machine_ns, periods.length_ns)
                    else periods.length_ns
                end
            ) as all_weight,
        from periods
        left join seen using ({{ period }})
    ),

    divided as (
        select charges.* exclude (machine_ns), totals.all_weight, totals.used_weight,
        from charges
        inner join totals using ({{ period }})
    ),

    days as (
        select
            {{ day }},
            bool_or(used_weight < all_weight) as has_idle_time,
            {% for cost in costs %} sum({{ cost }}) as {{ cost }}, {% endfor %}
        from divided
        group by {{ day }}
    ),

    parts as (
        select
            {{ day }},
            {{ workload }},
            {% for cost in costs %}
                sum({{ cut_share(cost, "weight", "all_weight") }}) as {{ cost }},
            {% endfor %}
        from divided
        inner join weights using ({{ period }})
        group by {{ day }}, {{ workload }}
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by {{ day }} order by effective_cost desc, {{ workload }}
            ) as part_rank,
            {% for cost in costs %}
                sum({{ cost }}) over (partition by {{ day }}) as used_{{ cost }},
            {% endfor %}
        from parts
    ),

    -- What cannot be divided goes to the largest, where nothing is idle.
    shared as (
        select
            {{ day }},
            {{ workload }},
            {% for cost in costs %}
                ranked.{{ cost }} + if(
                    part_rank = 1 and not has_idle_time,
                    days.{{ cost }} - used_{{ cost }},
                    0
                ) as {{ cost }},
            {% endfor %}
        from ranked
        inner join days using ({{ day }})
        union all
        select
            {{ day }},
            nodes.node_cluster as cluster,
            '(idle)' as namespace,
            '(idle)' as workload,
            {% for cost in costs %}
                days.{{ cost }} - coalesce(max(used_{{ cost }}), 0) as {{ cost }},
            {% endfor %}
        from days
        inner join nodes using (provider, resource_id)
        left join ranked using ({{ day }})
        where has_idle_time
        group by
            {{ day }},
            nodes.node_cluster
            {% for cost in costs %}, days.{{ cost }} {% endfor %}
    ),

    quantities as (
        select
            provider,
            resource_id,
            charge_date,
            {{ workload }},
            sum(gpu_minutes) as gpu_minutes,
            sum(used_gpu_minutes) as used_gpu_minutes,
            sum(cpu_minutes) as cpu_minutes,
        from
            (
                select distinct
                    * exclude (charge_start, charge_end, node_ns, part_ns),
                    cast(charge_start as date) as charge_date,
                from used
            )
        group by all
    )

select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    resource_id as node_resource_id,
    {{ workload }},
    namespace = '(idle)' as is_idle,
    nodes.node_gpus > 0 as is_gpu_node,
    {{ quotient("gpu_minutes", "60") }} as requested_gpu_hours,
    {{ quotient("used_gpu_minutes", "60") }} as used_gpu_hours,
    {{ quotient("cpu_minutes", "60") }} as requested_cpu_hours,
    {% for cost in costs %}
        cast({{ cost }} as {{ var("money_type") }}) as {{ cost }},
    {% endfor %}
    {{ quotient("effective_cost * 60", "gpu_minutes") }} as cost_per_requested_gpu_hour,
from shared
left join
    quantities using (provider, resource_id, charge_date, cluster, namespace, workload)
inner join nodes using (provider, resource_id)
