{#- A workload's part of a node in an hour, in nanoseconds of the whole node: millionths of a GPU, a processor or a byte, divided whole. -#}
{%- set hour = "provider, node_resource_id, bucket_start" -%}

with
    machines as (
        select provider, resource_id as node_resource_id, max(gpus) as machine_gpus,
        from {{ ref("kpi_charges") }}
        where resource_id is not null
        group by provider, resource_id
    ),

    workloads as (
        select
            {{ hour }},
            max(cluster) as cluster,
            namespace,
            workload,
            sum(gpu_requested * minutes_covered) as gpu_minutes,
            sum(gpu_used * minutes_covered) as used_gpu_minutes,
            sum(cpu_requested * minutes_covered) as cpu_minutes,
            sum(
                memory_requested_bytes * cast(minutes_covered as hugeint)
            ) as byte_minutes,
            max(minutes_covered) as minutes_covered,
            max(node_gpus) as node_gpus,
            max(node_cpus) as node_cpus,
            max(node_memory_bytes) as node_memory_bytes,
        from {{ ref("stg_telemetry_kubernetes_usage") }}
        group by {{ hour }}, namespace, workload
    ),

    nodes as (
        select
            {{ hour }},
            least(max(minutes_covered), 60) as node_minutes,
            -- Where nobody says what the node has, it has what is asked of it.
            coalesce(max(node_gpus), max(machine_gpus), 0) as node_gpus,
            coalesce(max(node_cpus) * 60, sum(cpu_minutes)) as node_cpu_minutes,
            coalesce(
                max(node_memory_bytes) * cast(60 as hugeint), sum(byte_minutes)
            ) as node_byte_minutes,
        from workloads
        left join machines using (provider, node_resource_id)
        group by {{ hour }}
    ),

    parts as (
        select
            workloads.* exclude (node_gpus, node_cpus, node_memory_bytes),
            nodes.node_gpus,
            nodes.node_minutes,
            coalesce(
                case
                    when nodes.node_gpus > 0
                    then
                        divide(
                            cast(gpu_minutes * 1000000 as hugeint) * 60000000000,
                            cast(nodes.node_gpus * 1000000 as hugeint)
                        )
                    else
                        greatest(
                            divide(
                                cast(cpu_minutes * 1000000 as hugeint) * 3600000000000,
                                nullif(cast(node_cpu_minutes * 1000000 as hugeint), 0)
                            ),
                            divide(
                                cast(byte_minutes as hugeint) * 3600000000000,
                                nullif(cast(node_byte_minutes as hugeint), 0)
                            )
                        )
                end,
                0
            ) as part_ns,
        from workloads
        inner join nodes using ({{ hour }})
    ),

    asked as (
        select *, sum(part_ns) over (partition by {{ hour }}) as all_parts_ns,
        from parts
    )

select
    provider,
    node_resource_id as resource_id,
    bucket_start as usage_hour,
    cluster,
    namespace,
    workload,
    gpu_minutes,
    used_gpu_minutes,
    cpu_minutes,
    node_gpus,
    node_minutes * cast(60000000000 as bigint) as node_ns,
    -- Who together ask for more than the node has share all of it.
    cast(
        case
            when all_parts_ns > 3600000000000
            then divide(part_ns * 3600000000000, all_parts_ns)
            else part_ns
        end as bigint
    ) as part_ns,
from asked
