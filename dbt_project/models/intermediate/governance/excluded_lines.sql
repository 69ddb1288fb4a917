{{ config(materialized="ephemeral") }}

{% set reasons = {
    "savings plan negation": "line_item_line_item_type = 'SavingsPlanNegation' and not "
    ~ aws_is_split_cost(),
    "split cost": aws_keep_split_costs() ~ " and " ~ aws_is_split_cost(),
} %}

with
    -- Each reason is a scan of its own, which decodes its own lines alone.
    aws_lines as (
        {% for reason, condition in reasons.items() %}
            select
                provider,
                source,
                billing_period,
                line_item_currency_code as billing_currency,
                '{{ reason }}' as reason,
                coalesce(
                    line_item_net_unblended_cost, line_item_unblended_cost
                ) as source_cost,
            from {{ ref("int_aws__lines_unioned") }}
            where {{ condition }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select
    provider,
    source,
    billing_period,
    billing_currency,
    reason,
    if(reason = 'split cost', 'fct_container_costs', 'fct_focus_costs') as kept_in,
    count(*) as row_count,
    sum(source_cost) as source_cost,
from aws_lines
group by provider, source, billing_period, billing_currency, reason
