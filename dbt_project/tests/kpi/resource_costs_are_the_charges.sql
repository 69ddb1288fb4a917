{#- What resources cost is the charges of the FOCUS fact that name one, exactly, and no part of it is counted twice. -#}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    resources as (
        select
            {{ key }},
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
            sum(list_cost) as list_cost,
        from {{ ref("mart_resource_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    ),

    billed as (
        select
            charges.billing_period,
            charges.provider,
            details.billing_currency,
            sum(charges.billed_cost) as charged_billed_cost,
            sum(charges.effective_cost) as charged_effective_cost,
            sum(charges.list_cost) as charged_list_cost,
        from {{ ref("stg_published_charges") }} as charges
        inner join
            {{ ref("stg_published_charge_details") }} as details
            on details.provider = charges.provider
            and details.billing_period = charges.billing_period
            and details.x_details_id = charges.x_details_id
        where charges.resource_id is not null and {{ is_in_scope("charges") }}
        group by charges.billing_period, charges.provider, details.billing_currency
    )

select *,
from resources
full join billed using ({{ key }})
where
    billed_cost is distinct from charged_billed_cost
    or effective_cost is distinct from charged_effective_cost
    or list_cost is distinct from charged_list_cost
