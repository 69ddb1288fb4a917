{{ config(materialized="view") }}

with
    charges as (
        select
            focus_charges.* replace({{ tags_of_charge() }} as tags),
            details.* exclude (provider, billing_period, x_details_id),
        from {{ ref("focus_charges") }} as focus_charges
        inner join
            {{ ref("focus_charge_details") }} as details
            on details.provider = focus_charges.provider
            and details.billing_period = focus_charges.billing_period
            and details.x_details_id = focus_charges.x_details_id
    )

select
    cast(billing_period || '-01' as timestamp) as billing_period_start,
    cast(billing_period || '-01' as timestamp) + interval 1 month as billing_period_end,
    -- Google's invoice months begin and end in California.
    case
        provider when 'gcp' then 'America/Los_Angeles' else 'UTC'
    end as x_billing_time_zone,
    {%- for name, type in focus_columns() %}
        {%- if name in focus_defaults() %}
            coalesce(charges.{{ name }}, {{ focus_defaults()[name] }}) as {{ name }},
        {%- else %} charges.{{ name }},
        {%- endif %}
    {%- endfor %}
from charges
