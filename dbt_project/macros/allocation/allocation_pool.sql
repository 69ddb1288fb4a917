{#-
    CTEs of one pool, the last of them `entries_<number>`: the cost it allocates, by sender (`sources`) and per bill
    (`totals`), the weights it is divided by (`weights`), and each receiver's share and amount (`shares`, `parts`).

    Everything is per bill: provider, billing period and currency. Shares have twelve decimals and sum to one. An amount is
    the total times the share. The largest weight, of equal ones the first by name, takes what rounding leaves. Where there
    is nothing to divide by, the senders get their cost back (`kept`).
-#}
{% macro allocation_pool(pool, number) -%}
    sources_{{ number }} as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from
            (
                {%- if pool.steps_down %}
                    select *
                    from ({{ allocation_balances(number) }})
                    where {{ is_of_rule(pool) }}
                {%- else %}select * from selected where {{ is_selected_by(pool) }}
                {%- endif %}
            )
        group by billing_period, provider, billing_currency, cost_center
        having sum(billed_cost) <> 0 or sum(effective_cost) <> 0
    ),

    totals_{{ number }} as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            {{ one_or_several("cost_center") }} as counterpart,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost,
        from sources_{{ number }}
        group by billing_period, provider, billing_currency
    ),

    weights_{{ number }} as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            cast(weight as {{ var("money_type") }}) as weight,
        from ({{ allocation_weights(pool, number) }})
        where
            weight > 0
            {%- if pool.split.among %}
                and cost_center in ({{ text_literal(pool.split.among) }})
            {%- elif pool.split.method != "fixed" %}
                and cost_center <> '{{ var("unallocated") }}'
            {%- endif %}
            {%- if pool.split.except %}
                and cost_center not in ({{ text_literal(pool.split.except) }})
            {%- endif %}
            {%- for step in pool.stepped_down %}
                and not {{ is_of_rule(step) }}
            {%- endfor %}
    ),

    shares_{{ number }} as materialized(
        select
            totals.billing_period,
            totals.provider,
            totals.billing_currency,
            totals.counterpart,
            totals.billed_cost,
            totals.effective_cost,
            weights.cost_center,
            weights.weight,
            {{ share_of("weights.weight", "sum(weights.weight) over bill") }} as share,
            row_number() over (
                partition by
                    totals.billing_period, totals.provider, totals.billing_currency
                order by weights.weight desc, weights.cost_center
            ) as place,
        from totals_{{ number }} as totals
        inner join
            weights_{{ number }} as weights
            on weights.billing_period = totals.billing_period
            and weights.provider = totals.provider
            and weights.billing_currency = totals.billing_currency
        window
            bill as (
                partition by
                    totals.billing_period, totals.provider, totals.billing_currency
            )
    ),

    whole_shares_{{ number }} as (
        select
            * replace (
                case
                    when place = 1 then 1 - sum(share) over bill + share else share
                end as share
            ),
        from shares_{{ number }}
        window bill as (partition by billing_period, provider, billing_currency)
    ),

    rounded_{{ number }} as (
        select
            *,
            {%- for measure in ["billed_cost", "effective_cost"] %}
                cast(
                    cast({{ measure }} as {{ var("money_type") }})
                    * cast(share as decimal(13, 12)) as {{ var("money_type") }}
                ) as {{ measure }}_part,
            {%- endfor %}
        from whole_shares_{{ number }}
    ),

    parts_{{ number }} as materialized(
        select
            billing_period,
            provider,
            billing_currency,
            counterpart,
            cost_center,
            weight,
            share,
            {%- for measure in ["billed_cost", "effective_cost"] %}
                case
                    when place = 1
                    then
                        {{ measure }}
                        - sum({{ measure }}_part) over bill
                        + {{ measure }}_part
                    else {{ measure }}_part
                end as {{ measure }},
            {%- endfor %}
        from rounded_{{ number }}
        window bill as (partition by billing_period, provider, billing_currency)
    ),

    receivers_{{ number }} as (
        select
            billing_period,
            provider,
            billing_currency,
            {{ one_or_several("cost_center") }} as receiver,
        from parts_{{ number }}
        group by billing_period, provider, billing_currency
    ),

    given_{{ number }} as materialized(
        select sources.*, receivers.receiver,
        from sources_{{ number }} as sources
        left join
            receivers_{{ number }} as receivers
            on receivers.billing_period = sources.billing_period
            and receivers.provider = sources.provider
            and receivers.billing_currency = sources.billing_currency
    ),

    {%- if pool.markup %}
        markups_{{ number }} as materialized(
            select
                *,
                {%- for measure in ["billed_cost", "effective_cost"] %}
                    cast(
                        cast({{ measure }} as {{ var("money_type") }}) * cast(
                            {{ text_literal(pool.markup.rate) }} as decimal(12, 8)
                        ) as {{ var("money_type") }}
                    ) as {{ measure }}_markup,
                {%- endfor %}
            from parts_{{ number }}
        ),
    {%- endif %}

    entries_{{ number }} as materialized(
        select
            {{
                allocation_entry(
                    "pool",
                    pool,
                    counterpart="counterpart",
                    share="share",
                    weight="weight",
                )
            }}
        from parts_{{ number }}
        union all
        select
            {{
                allocation_entry(
                    "offset",
                    pool,
                    "-billed_cost",
                    "-effective_cost",
                    counterpart="coalesce(receiver, cost_center)",
                )
            }}
        from given_{{ number }}
        union all
        select {{ allocation_entry("kept", pool, counterpart="cost_center") }}
        from given_{{ number }}
        where receiver is null
        {%- if pool.markup %}
            union all
            select
                {{
                    allocation_entry(
                        "markup",
                        pool,
                        "billed_cost_markup",
                        "effective_cost_markup",
                        counterpart=text_literal(pool.markup.to),
                    )
                }}
            from markups_{{ number }}
            union all
            select
                {{
                    allocation_entry(
                        "markup_offset",
                        pool,
                        "-sum(billed_cost_markup)",
                        "-sum(effective_cost_markup)",
                        cost_center=text_literal(pool.markup.to),
                        counterpart=one_or_several("cost_center"),
                    )
                }}
            from markups_{{ number }}
            group by billing_period, provider, billing_currency
        {%- endif %}
    ),
{%- endmacro %}
