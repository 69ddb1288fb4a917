{#- Kept for the build: as a view it would read the bills of all periods in scope for each of them, twice. -#}
{{ config(materialized="transient") }}
{% set pool = gcp_scope() ~ ", commitment_id, pool_resource, pool_day" %}

with
    commitments as (select * from {{ ref("int_gcp__commitments") }}),

    pools as (
        select
            {{ gcp_scope() }},
            commitment_id,
            if(is_of_one_resource, '', resource) as pool_resource,
            if(commitments.is_daily, charge_day, date '1970-01-01') as pool_day,
            max(commitment_name) as commitment_name,
            bool_or(commitments.is_spend_based) as is_spend_based,
            min(committed_unit) as committed_unit,
            max(dollar_rate) as dollar_rate,
            sum(fee) as fee,
            sum(committed_quantity) as committed_quantity,
            -- What is unused is a line like the largest fee.
            arg_max(
                struct_pack(file_name := file_name, line_number := line_number),
                (fee, file_name, line_number)
            ) as fee_line,
        from {{ ref("int_gcp__commitment_fees") }}
        inner join commitments using ({{ gcp_scope() }}, commitment_id)
        group by {{ pool }}
    ),

    covered as (
        select
            linked.*,
            commitments.is_spend_based,
            commitments.commitment_name,
            if(is_of_one_resource, '', resource) as pool_resource,
            if(is_daily, charge_day, date '1970-01-01') as pool_day,
            -- A credit pays for as much of the usage as of its cost.
            if(
                cost = 0, 0, {{ portion("native_pricing_quantity", "amount", "cost") }}
            ) as covered_quantity,
        from {{ ref("int_gcp__credits_linked") }} as linked
        inner join commitments using ({{ gcp_scope() }}, commitment_id)
    ),

    used as (
        select
            {{ pool }},
            sum(amount) as credit_total,
            sum(covered_quantity) as covered_quantity,
            min(used_unit) as min_unit,
            max(used_unit) as max_unit,
        from covered
        group by {{ pool }}
    ),

    measured as (
        select
            pools.*,
            credit_total,
            -- How much of what was committed is used, in the same unit; null where
            -- nothing tells, which is all of it.
            case
                when coalesce(credit_total, 0) <= 0
                then 0
                when committed_quantity <= 0
                then null
                -- A spend-based fee counts the dollars an hour that were committed; one
                -- of them costs less than a dollar, which is the discount.
                when is_spend_based
                then
                    if(
                        fee < cast(committed_quantity * dollar_rate as decimal(38, 12)),
                        {{ quotient("credit_total", "dollar_rate") }},
                        null
                    )
                when min_unit = committed_unit and max_unit = committed_unit
                then covered_quantity
            end as used_quantity,
        from pools
        left join used using ({{ pool }})
    ),

    spread as (
        select
            *,
            case
                when used_quantity = 0
                then 0
                when used_quantity < committed_quantity
                then {{ portion("fee", "used_quantity", "committed_quantity") }}
                else fee
            end as used_fee,
            if(
                used_quantity < committed_quantity,
                committed_quantity - used_quantity,
                0
            ) as unused_quantity,
        from measured
    ),

    shares as (
        select
            covered.*,
            -- Nothing where the usage came so late that its fee is on another invoice.
            coalesce(if(credit_total > 0, used_fee, 0), 0) as used_fee,
            coalesce({{ portion("used_fee", "amount", "credit_total") }}, 0) as share,
            -- The rounding's remainder goes to the largest.
            row_number() over (
                partition by {{ pool }}
                order by
                    amount desc,
                    usage_start_time,
                    sku_id,
                    project_id,
                    file_name,
                    line_number,
                    credit_name
            )
            = 1 as takes_remainder,
        from covered
        left join spread using ({{ pool }})
    ),

    exact_shares as (
        select
            *,
            share + if(
                takes_remainder, used_fee - sum(share) over (partition by {{ pool }}), 0
            ) as exact_share,
        from shares
    )

select
    {{ gcp_scope() }},
    file_name,
    line_number,
    'Used' as status,
    arg_max(commitment_id, (amount, commitment_id)) as commitment_id,
    arg_max(commitment_name, (amount, commitment_id)) as commitment_name,
    arg_max(is_spend_based, (amount, commitment_id)) as is_spend_based,
    cast(sum(exact_share) as decimal(38, 12)) as fee_share,
    cast(sum(covered_quantity) as decimal(38, 12)) as quantity,
from exact_shares
group by {{ gcp_scope() }}, file_name, line_number
union all
select
    {{ gcp_scope() }},
    fee_line.file_name,
    fee_line.line_number,
    'Unused' as status,
    commitment_id,
    commitment_name,
    is_spend_based,
    cast(fee - used_fee as decimal(38, 12)) as fee_share,
    unused_quantity as quantity,
from spread
where fee <> used_fee
