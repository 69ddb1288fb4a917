{{ config(relation_type="view") }}

{#- The regions that the seed is of. -#}
{%- set region = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"} -%}

select
    provider,
    lower(instance_type) as instance_type,
    cast(price_per_hour as {{ var("money_type") }}) as price_per_hour,
    vcpus,
    gpus,
    price_source,
    cast(priced_at as date) as priced_on,
from {{ ref("stg_telemetry_machine_prices") }}
where
    currency = 'USD'
    and price_per_hour > 0
    and (
        false
        {% for provider, name in region.items() %}
            or (provider = '{{ provider }}' and region = '{{ name }}')
        {% endfor %}
    )
qualify
    row_number() over (
        partition by provider, lower(instance_type)
        order by priced_at desc, instance_type
    )
    = 1
