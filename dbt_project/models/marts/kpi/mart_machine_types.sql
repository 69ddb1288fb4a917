select
    months.billing_period,
    machines.provider,
    'USD' as billing_currency,
    machines.instance_type,
    machines.family,
    machines.vcpus,
    cast(machines.memory_gib as {{ var("money_type") }}) as memory_gib,
    machines.gpus,
    machines.gpu_family,
    machines.gpu_memory_gib,
    machines.architecture,
    machines.network_gbps,
    machines.local_disk_gb,
    machines.price_per_hour,
    machines.price_source,
    machines.priced_on,
from {{ ref("machines") }} as machines
inner join {{ ref("kpi_months") }} as months on months.provider = machines.provider
