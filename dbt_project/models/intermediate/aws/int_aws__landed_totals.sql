{{ config(materialized="ephemeral") }}

select
    provider,
    source,
    billing_period,
    line_item_currency_code as billing_currency,
    count(*) as row_count,
    sum(
        coalesce(line_item_net_unblended_cost, line_item_unblended_cost)
    ) as billed_cost,
from {{ ref("int_aws__lines_unioned") }}
where {{ is_in_scope() }}
group by provider, source, billing_period, line_item_currency_code
