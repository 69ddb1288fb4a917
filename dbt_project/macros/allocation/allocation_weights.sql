{#-
    What a pool's cost is divided by: rows of bill, cost_center and weight, for the bills in `totals_<number>`. A weight
    that is not above zero takes no share, and is left to the caller to drop.
-#}
{% macro allocation_weights(pool, number) -%}
    {%- set split = pool.split -%}
    {#- Not `text_literal`: a call for each of hundreds of cost centres takes its time. -#}
    {%- set quote = "'" -%}
    {%- if split.method == "telemetry" -%}
        select
            totals.billing_period,
            totals.provider,
            totals.billing_currency,
            drivers.cost_center,
            sum(drivers.quantity) as weight,
        from totals_{{ number }} as totals
        inner join
            drivers
            on drivers.billing_period = totals.billing_period
            and coalesce(drivers.provider, totals.provider) = totals.provider
            and drivers.driver = {{ text_literal(split.driver) }}
        group by
            totals.billing_period,
            totals.provider,
            totals.billing_currency,
            drivers.cost_center
    {%- elif split.method == "fixed" or (split.method == "even" and split.among) -%}
        select
            totals.billing_period,
            totals.provider,
            totals.billing_currency,
            named.cost_center,
            cast(named.weight as {{ var("money_type") }}) as weight,
        from totals_{{ number }} as totals
        cross join
            (
                values
                    {%- for center, weight in pool.named %}
                        (
                            {{ quote ~ (center | replace(quote, quote * 2)) ~ quote }},
                            '{{ weight }}'
                        ){{ "," if not loop.last }}
                    {%- endfor %}
            ) as named(cost_center, weight)
    {%- elif split.method == "even" -%}
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            sign(own_cost) as weight,
        from centers
    {%- elif split.to == "charged" -%}
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            sum(effective_cost) as weight,
        from ({{ allocation_balances(number) }})
        group by billing_period, provider, billing_currency, cost_center
    {%- else -%}
        select
            billing_period,
            provider,
            billing_currency,
            cost_center,
            {{ pool.basis }} as weight,
        from centers
    {%- endif -%}
{%- endmacro %}
