{#- What the staged lines of a CUR add up to; `lines` is the staging relation. -#}
{% macro aws_landed_totals(lines) %}
    select
        provider,
        source,
        billing_period,
        line_item_currency_code as billing_currency,
        count(*) as row_count,
        sum(
            coalesce(line_item_net_unblended_cost, line_item_unblended_cost)
        ) as billed_cost,
    from {{ lines }}
    group by provider, source, billing_period, line_item_currency_code
{% endmacro %}
