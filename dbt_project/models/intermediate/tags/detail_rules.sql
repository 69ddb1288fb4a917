with
    details as (
        select * from {{ ref("focus_charge_details") }} where {{ is_in_scope() }}
    ),

    scopes as (select * from {{ ref("stg_ops_tag_scopes") }}),

    keys as (select * from {{ ref("stg_ops_tag_keys") }}),

    rules as (select * from {{ ref("stg_ops_tag_rules") }}),

    required as (
        select
            details.provider,
            details.billing_period,
            details.x_details_id,
            string_agg(
                distinct keys.tag_key, ',' order by keys.tag_key
            ) as required_keys,
        from details
        inner join scopes on {{ is_in_tag_scope("details", "scopes") }}
        inner join keys on keys.tag_key = scopes.tag_key
        group by details.provider, details.billing_period, details.x_details_id
    ),

    matched as (
        select
            details.provider,
            details.billing_period,
            details.x_details_id,
            string_agg(
                cast(rules.rule_order as varchar), ',' order by rules.rule_order
            ) as rule_orders,
        from details
        inner join rules on {{ is_in_tag_scope("details", "rules") }}
        group by details.provider, details.billing_period, details.x_details_id
    )

select
    details.provider,
    details.billing_period,
    details.x_details_id,
    details.sub_account_id,
    details.region_id,
    coalesce(required.required_keys, '') as required_keys,
    coalesce(matched.rule_orders, '') as rule_orders,
from details
left join
    required
    on required.provider = details.provider
    and required.billing_period = details.billing_period
    and required.x_details_id = details.x_details_id
left join
    matched
    on matched.provider = details.provider
    and matched.billing_period = details.billing_period
    and matched.x_details_id = details.x_details_id
