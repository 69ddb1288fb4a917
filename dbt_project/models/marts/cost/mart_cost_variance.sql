{{ config(materialized="view") }}

{% set line %}
    provider, billing_currency, cost_center, provider_name, service_category, service_name, ai_project, ai_model,
    ai_stage, charge_category, has_required_tags
{% endset %}

with
    published as (select distinct billing_period from {{ ref("mart_chargeback") }}),

    compared as (
        select
            billing_period,
            {{ line }},
            effective_cost,
            cast(0 as {{ var("money_type") }}) as previous_effective_cost,
        from {{ ref("mart_chargeback") }}
        union all
        select
            {{ next_billing_period("billing_period") }} as billing_period,
            {{ line }},
            cast(0 as {{ var("money_type") }}) as effective_cost,
            effective_cost as previous_effective_cost,
        from {{ ref("mart_chargeback_as_closed") }}
    ),

    summed as (
        select
            billing_period,
            {{ line }},
            cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
            cast(
                sum(previous_effective_cost) as {{ var("money_type") }}
            ) as previous_effective_cost,
        from compared
        group by all
    )

select
    summed.billing_period,
    {{ line }},
    effective_cost,
    case
        when before.billing_period is not null then previous_effective_cost
    end as previous_effective_cost,
    case
        when before.billing_period is not null
        then cast(effective_cost - previous_effective_cost as {{ var("money_type") }})
    end as variance,
from summed
inner join published on published.billing_period = summed.billing_period
left join
    published as before
    on {{ next_billing_period("before.billing_period") }} = summed.billing_period
