with
    usage as (
        select
            provider,
            billing_period,
            billing_currency,
            service_name,
            service_category,
            sum(if(commitment_discount_status = 'Used', 1, 0)) > 0 as has_commitments,
            -- Spot is priced as it is: no commitment applies to it.
            sum(
                case
                    when
                        commitment_discount_status <> 'Unused'
                        and pricing_category <> 'Dynamic'
                    then contracted_cost
                    else 0
                end
            ) as contracted_cost,
        from {{ ref("stg_published_daily_costs") }}
        where charge_category = 'Usage' and {{ is_in_scope() }}
        group by
            provider, billing_period, billing_currency, service_name, service_category
    )

select
    provider, billing_period, billing_currency, sum(contracted_cost) as eligible_cost,
from usage
where has_commitments
group by provider, billing_period, billing_currency
