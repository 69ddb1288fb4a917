select
    billing_period,
    provider,
    billing_currency,
    invoice_issuer_name,
    coalesce(billing_account_id, '(none)') as billing_account_id,
    coalesce(invoice_id, '(none)') as invoice_id,
    cast(sum(charge_count) as bigint) as charge_count,
    sum(billed_cost) as billed_cost,
    sum(
        case when charge_category in ('Usage', 'Purchase') then billed_cost else 0 end
    ) as billed_charges,
    sum(case when charge_category = 'Tax' then billed_cost else 0 end) as billed_tax,
    sum(
        case when charge_category = 'Credit' then billed_cost else 0 end
    ) as billed_credits,
    sum(
        case when charge_category = 'Adjustment' then billed_cost else 0 end
    ) as billed_adjustments,
from {{ ref("focus_charges_by_invoice") }}
group by
    billing_period,
    provider,
    billing_currency,
    invoice_issuer_name,
    coalesce(billing_account_id, '(none)'),
    coalesce(invoice_id, '(none)')
