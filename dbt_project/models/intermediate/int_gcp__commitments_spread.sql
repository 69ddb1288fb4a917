{#- Kept for the build: as a view it would read the bills of all periods in scope for each of them, twice. -#}
{{ config(materialized="transient") }}
{% set pool = gcp_scope() ~ ", commitment_id, pool_resource, pool_day" %}

with
    lines as (
        select
            *,
            -- Google's days begin in California.
            cast(
                timezone(
                    'America/Los_Angeles', timezone('UTC', usage_start_time)
                ) as date
            ) as charge_day,
            if(is_spend_based, 'spend', 'resource') as commitment_kind,
        from {{ ref("int_gcp__classified") }}
        where is_commitment_fee or is_covered_by_commitment
    ),

    fees as (
        select
            {{ gcp_scope() }},
            file_name,
            line_number,
            charge_day,
            is_spend_based,
            sku_description,
            billed_cost as fee,
            coalesce(subscription_instance_id, sku_id) as commitment_id,
            coalesce(native_pricing_quantity, 0) as committed_quantity,
            lower(coalesce(pricing_unit, usage_unit)) as committed_unit,
            coalesce(nullif(currency_conversion_rate, 0), 1) as dollar_rate,
            {{ gcp_commitment_resource("sku_description") }} as resource,
            -- Fees come by the day or by the hour, but for those paid once.
            usage_end_time - usage_start_time <= interval 25 hour as is_daily,
            commitment_kind
            || '/'
            || if(
                is_spend_based,
                {{ gcp_commitment_topic("sku_description") }},
                {{ gcp_commitment_family("sku_description") }}
            ) as narrow_key,
            commitment_kind
            || '/'
            || {{ gcp_commitment_resource("sku_description") }} as wide_key,
        from lines
        where is_commitment_fee
    ),

    commitments as (
        select
            {{ gcp_scope() }},
            commitment_id,
            min(resource) = max(resource) as is_of_one_resource,
            bool_and(is_daily) as is_daily,
            min(sku_description) as commitment_name,
            bool_or(is_spend_based) as is_spend_based,
        from fees
        group by {{ gcp_scope() }}, commitment_id
    ),

    pools as (
        select
            {{ gcp_scope() }},
            commitment_id,
            if(is_of_one_resource, '', resource) as pool_resource,
            if(commitments.is_daily, charge_day, date '1970-01-01') as pool_day,
            any_value(commitment_name) as commitment_name,
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
        from fees
        inner join commitments using ({{ gcp_scope() }}, commitment_id)
        group by {{ pool }}
    ),

    credits as (
        select
            {{ gcp_scope() }},
            file_name,
            line_number,
            charge_day,
            usage_start_time,
            sku_id,
            project_id,
            sku_description,
            subscription_instance_id,
            commitment_kind,
            is_spend_based,
            cost,
            native_pricing_quantity,
            lower(coalesce(pricing_unit, usage_unit)) as used_unit,
            unnest(commitment_credits) as credit,
        from lines
        where is_covered_by_commitment
    ),

    entries as (
        select
            * exclude (credit),
            credit.id as credit_id,
            credit.name as credit_name,
            cast(-1 * {{ money("credit.amount") }} as decimal(38, 12)) as amount,
            coalesce(
                nullif({{ gcp_commitment_resource("credit.name") }}, ''),
                {{ gcp_commitment_resource("sku_description") }}
            ) as resource,
            commitment_kind
            || '/'
            || if(
                is_spend_based,
                {{ gcp_commitment_topic("credit.name") }},
                {{ gcp_commitment_family("sku_description") }}
            ) as narrow_key,
            commitment_kind || '/' || resource as wide_key,
        from credits
    ),

    matched as (
        select
            * exclude (own_id, named_id), coalesce(own_id, named_id) as commitment_id,
        from entries
        {% for key, found in [
                ("subscription_instance_id", "own_id"),
                ("credit_id", "named_id"),
            ] %}
            left join
                (
                    select
                        {{ gcp_scope() }},
                        commitment_id as {{ key }},
                        commitment_id as {{ found }},
                    from commitments
                ) using ({{ gcp_scope() }}, {{ key }})
        {% endfor %}
    ),

    -- Several commitments may be good for the same usage. Each takes of a day's
    -- credits, laid end to end, as much as it is of their fees.
    weights as (
        select
            {{ gcp_scope() }},
            commitment_id,
            link_key,
            cast(sum(fee) as double) as weight,
        from
            (
                select *, unnest(list_distinct([narrow_key, wide_key])) as link_key
                from fees
            )
        group by {{ gcp_scope() }}, commitment_id, link_key
        having sum(fee) > 0
    ),

    begun as (
        select
            *,
            (sum(weight) over running - weight)
            / sum(weight) over (partition by {{ gcp_scope() }}, link_key) as begins_at,
        from weights
        window
            running as (
                partition by {{ gcp_scope() }}, link_key
                order by commitment_id
                rows between unbounded preceding and current row
            )
    ),

    slices as (
        select
            *,
            lead(begins_at, 1, 2.0) over (
                partition by {{ gcp_scope() }}, link_key order by commitment_id
            ) as ends_at,
        from begun
    ),

    link_keys as (select distinct {{ gcp_scope() }}, link_key from slices),

    nameless as (
        select
            * exclude (commitment_id, narrow_link, wide_link),
            coalesce(narrow_link, wide_link) as link_key,
        from matched
        {% for key, found in [
                ("narrow_key", "narrow_link"),
                ("wide_key", "wide_link"),
            ] %}
            left join
                (
                    select
                        {{ gcp_scope() }},
                        link_key as {{ key }},
                        link_key as {{ found }},
                    from link_keys
                ) using ({{ gcp_scope() }}, {{ key }})
        {% endfor %}
        where commitment_id is null
    ),

    placed as (
        select
            *,
            (
                sum(cast(amount as double)) over running - cast(amount as double) / 2
            ) / nullif(
                sum(cast(amount as double)) over (
                    partition by {{ gcp_scope() }}, link_key, charge_day
                ),
                0
            ) as place,
        from nameless
        where link_key is not null
        window
            running as (
                partition by {{ gcp_scope() }}, link_key, charge_day
                order by
                    amount desc,
                    usage_start_time,
                    sku_id,
                    project_id,
                    file_name,
                    line_number
                rows between unbounded preceding and current row
            )
    ),

    linked as (
        select *
        from matched
        where commitment_id is not null
        union all by name
        select placed.*, slices.commitment_id,
        from placed
        inner join slices using ({{ gcp_scope() }}, link_key)
        where place >= begins_at and place < ends_at
    ),

    covered as (
        select
            linked.* exclude (is_spend_based),
            commitments.is_spend_based,
            commitments.commitment_name,
            if(is_of_one_resource, '', resource) as pool_resource,
            if(is_daily, charge_day, date '1970-01-01') as pool_day,
            -- A credit pays for as much of the usage as of its cost.
            if(
                cost = 0,
                0,
                cast(native_pricing_quantity as double)
                * (cast(amount as double) / cast(cost as double))
            ) as covered_quantity,
        from linked
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
            case
                when coalesce(credit_total, 0) <= 0
                then 0
                when committed_quantity <= 0
                then 1
                -- A spend-based fee counts the dollars an hour that were committed; one
                -- of them costs less than a dollar, which is the discount.
                when is_spend_based
                then
                    if(
                        cast(fee as double) / committed_quantity / dollar_rate < 1,
                        least(
                            cast(credit_total as double)
                            / committed_quantity
                            / dollar_rate,
                            1
                        ),
                        1
                    )
                when min_unit = committed_unit and max_unit = committed_unit
                then least(covered_quantity / committed_quantity, 1)
                else 1
            end as utilisation,
        from pools
        left join used using ({{ pool }})
    ),

    spread as (
        select
            * exclude (utilisation),
            cast(
                case
                    when utilisation >= 1
                    then fee
                    else cast(fee as double) * utilisation
                end as decimal(38, 12)
            ) as used_fee,
            cast(
                committed_quantity * (1 - utilisation) as decimal(38, 12)
            ) as unused_quantity,
        from measured
    ),

    shares as (
        select
            covered.*,
            -- Nothing where the usage came so late that its fee is on another invoice.
            coalesce(if(credit_total > 0, used_fee, 0), 0) as used_fee,
            coalesce(
                cast(
                    cast(used_fee as double) * (
                        cast(amount as double) / nullif(cast(credit_total as double), 0)
                    ) as decimal(38, 12)
                ),
                0
            ) as share,
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
union all by name
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
