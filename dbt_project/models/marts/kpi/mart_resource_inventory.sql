select
    resources.billing_period,
    resources.provider,
    coalesce(
        owners.billing_currency, usual_currencies.billing_currency, '(none)'
    ) as billing_currency,
    resources.resource_id,
    resources.resource_type,
    resources.observed_at,
    resources.first_observed_on,
    cast(resources.observed_at as date) as last_observed_on,
    resources.account_id,
    resources.region,
    resources.zone,
    resources.instance_type,
    resources.state,
    cast(resources.size_gb as {{ var("money_type") }}) as size_gb,
    resources.attached_to,
    resources.created_at,
    resources.last_used_at,
    resources.group_id,
    resources.is_spot = 'true' as is_spot,
    resources.has_local_disk = 'true' as has_local_disk,
    resources.tags,
    resources.details,
    coalesce(owners.cost_center, '{{ var("unallocated") }}') as cost_center,
    {% for name in ["ai_project", "ai_model", "ai_stage", "environment"] %}
        coalesce(owners.{{ name }}, '(none)') as {{ name }},
    {% endfor %}
    machines.vcpus,
    cast(machines.memory_gib as {{ var("money_type") }}) as memory_gib,
    machines.gpus,
    machines.gpu_family,
    machines.gpu_memory_gib,
    machines.architecture,
    machines.local_disk_gb,
from {{ ref("observed_resources") }} as resources
left join
    {{ ref("resource_owners") }} as owners
    on owners.billing_period = resources.billing_period
    and owners.provider = resources.provider
    and owners.resource_id = resources.resource_id
left join
    {{ ref("usual_currencies") }} as usual_currencies
    on usual_currencies.billing_period = resources.billing_period
    and usual_currencies.provider = resources.provider
left join
    {{ ref("machines") }} as machines
    on machines.provider = resources.provider
    and machines.instance_type = resources.machine_type
