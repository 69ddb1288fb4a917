{{ config(materialized="ephemeral") }}

{#- What the spreading needs of a credit. -#}
{% set credit %}
    {{ gcp_scope() }}, file_name, line_number, charge_day, usage_start_time, sku_id, project_id, cost, native_pricing_quantity, used_unit, credit_name, amount, resource
{% endset %}

with
    matched as (
        select
            * exclude (own_id, named_id), coalesce(own_id, named_id) as commitment_id,
        from {{ ref("int_gcp__commitment_credits") }}
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
                    from {{ ref("int_gcp__commitments") }}
                ) using ({{ gcp_scope() }}, {{ key }})
        {% endfor %}
    ),

    -- Several commitments may be good for the same usage. Each takes of a day's
    -- credits, laid end to end, as much as it is of their fees.
    weights as (
        select {{ gcp_scope() }}, commitment_id, link_key, sum(fee) as weight,
        from
            (
                select *, unnest(list_distinct([narrow_key, wide_key])) as link_key
                from {{ ref("int_gcp__commitment_fees") }}
            )
        group by {{ gcp_scope() }}, commitment_id, link_key
        having sum(fee) > 0
    ),

    begun as (
        select *, {{ quotient("weight_before", "weight_of_all") }} as begins_at,
        from
            (
                select
                    *,
                    sum(weight) over running - weight as weight_before,
                    sum(weight) over (
                        partition by {{ gcp_scope() }}, link_key
                    ) as weight_of_all,
                from weights
                window
                    running as (
                        partition by {{ gcp_scope() }}, link_key
                        order by commitment_id
                        rows between unbounded preceding and current row
                    )
            )
    ),

    slices as (
        select
            *,
            lead(begins_at, 1, cast(2 as decimal(38, 12))) over (
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
            -- The middle of the credit.
            {{ quotient("2 * amount_until - amount", "2 * amount_of_day") }} as place,
        from
            (
                select
                    *,
                    sum(amount) over running as amount_until,
                    sum(amount) over (
                        partition by {{ gcp_scope() }}, link_key, charge_day
                    ) as amount_of_day,
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
            )
    )

select {{ credit }}, commitment_id,
from matched
where commitment_id is not null
union all
select {{ credit }}, slices.commitment_id,
from placed
inner join slices using ({{ gcp_scope() }}, link_key)
where place >= begins_at and place < ends_at
