{{
    config(
        materialized="ephemeral",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

with
    aws_lines as (
        {% for lines in ["stg_aws_cur2", "stg_aws_cur_legacy"] %}
            select
                provider,
                source,
                billing_period,
                line_item_currency_code as billing_currency,
                {{ aws_is_split_cost() }} as is_split_cost,
                coalesce(
                    line_item_net_unblended_cost, line_item_unblended_cost
                ) as source_cost,
            from {{ ref(lines) }}
            where
                line_item_line_item_type = 'SavingsPlanNegation'
                or {{ aws_is_split_cost() }}
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
    if(is_split_cost, 'split cost', 'savings plan negation') as reason,
    if(is_split_cost, 'fct_container_costs', 'fct_focus_costs') as kept_in,
    count(*) as row_count,
    sum(source_cost) as source_cost,
from aws_lines
group by provider, source, billing_period, billing_currency, is_split_cost
