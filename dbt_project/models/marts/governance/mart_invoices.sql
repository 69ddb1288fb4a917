with
    -- Grouped by the key of the details first: joining them to a few hundred sums is
    -- cheaper than to those of every day.
    sums as (
        select
            provider,
            billing_period,
            x_details_id,
            sum(charge_count) as charge_count,
            sum(billed_cost) as billed_cost,
        from {{ ref("charge_sums") }}
        group by provider, billing_period, x_details_id
    ),

    details as (
        select
            *,
            coalesce(
                invoice_issuer_name, {{ focus_defaults()["invoice_issuer_name"] }}
            ) as known_issuer_name,
        from {{ ref("focus_charge_details") }}
        where {{ is_in_scope() }}
    )

select
    sums.billing_period,
    sums.provider,
    details.billing_currency,
    details.known_issuer_name as invoice_issuer_name,
    coalesce(details.billing_account_id, '(none)') as billing_account_id,
    coalesce(details.invoice_id, '(none)') as invoice_id,
    cast(sum(sums.charge_count) as bigint) as charge_count,
    sum(sums.billed_cost) as billed_cost,
    {%- for part, categories in {
        "charges": "('Usage', 'Purchase')",
        "tax": "('Tax')",
        "credits": "('Credit')",
        "adjustments": "('Adjustment')",
    }.items() %}
        sum(
            case
                when details.charge_category in {{ categories }}
                then sums.billed_cost
                else 0
            end
        ) as billed_{{ part }},
    {%- endfor %}
from sums
inner join
    details
    on details.provider = sums.provider
    and details.billing_period = sums.billing_period
    and details.x_details_id = sums.x_details_id
group by all
