{#-
    CTEs `charged_<n>`, one per price list, and `entries_0`, the entries they give: a charge for each cost centre with a
    quantity, and what they come to as a credit of the cost centre that provides the service. A list is charged among the
    bills of its provider and currency; it moves nothing in a month without such a bill.
-#}
{% macro allocation_prices(prices) -%}
    {%- for price in prices %}
        charged_{{ loop.index }} as materialized(
            select
                bills.billing_period,
                bills.provider,
                bills.billing_currency,
                drivers.cost_center,
                sum(drivers.quantity) as weight,
                cast(
                    cast(sum(drivers.quantity) as {{ var("money_type") }}) * cast(
                        {{ text_literal(price.rate) }} as decimal(21, 12)
                    ) as {{ var("money_type") }}
                ) as amount,
            from
                (
                    select distinct billing_period, provider, billing_currency
                    from centers
                    where {{ is_of_rule(price) }}
                ) as bills
            inner join
                drivers
                on drivers.billing_period = bills.billing_period
                and coalesce(drivers.provider, bills.provider) = bills.provider
                and drivers.driver = {{ text_literal(price.driver) }}
                and drivers.cost_center <> {{ text_literal(price.cost_center) }}
            group by
                bills.billing_period,
                bills.provider,
                bills.billing_currency,
                drivers.cost_center
            having sum(drivers.quantity) <> 0
        ),
    {%- endfor %}

    entries_0 as materialized(
        {%- for price in prices %}
            select
                {{
                    allocation_entry(
                        "price",
                        price,
                        "amount",
                        "amount",
                        weight="weight",
                        counterpart=text_literal(price.cost_center),
                    )
                }}
            from charged_{{ loop.index }}
            union all
            select
                {{
                    allocation_entry(
                        "offset",
                        price,
                        "-sum(amount)",
                        "-sum(amount)",
                        cost_center=text_literal(price.cost_center),
                        counterpart=one_or_several("cost_center"),
                    )
                }}
            from charged_{{ loop.index }}
            group by billing_period, provider, billing_currency
            union all
        {%- endfor %}
        select {{ allocation_entry("direct", none, "0", "0") }}
        from centers
        where false
    ),
{%- endmacro %}
