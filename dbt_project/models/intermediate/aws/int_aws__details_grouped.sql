{% set columns = aws_detail_columns() + [
    "source_format",
    "line_rule",
    "line_item_operation",
    "product_instance_family",
] %}
{#- What is said of negations that do not cancel; of the other columns nothing. -#}
{% set of_negations = {
    "source": "source",
    "source_format": "source_format",
    "bill_payer_account_id": "bill_payer_account_id",
    "line_item_currency_code": "line_item_currency_code",
    "line_item_line_item_description": "'Savings plan negations that do not cancel the usage they cover'",
    "line_item_line_item_type": "'SavingsPlanNegation'",
    "line_item_product_code": "'ComputeSavingsPlans'",
    "line_rule": "'plan_negation'",
    "savings_plan_id": "savings_plan_id",
    "corrects_earlier_period": "false",
    "has_resource": "false",
    "is_normalized": "false",
} %}

with
    of_lines as (
        select
            provider,
            billing_period,
            x_details_id,
            -- Equal throughout the group; operation and family follow from the SKU, and
            -- only what has one asks for them. One struct of them all would cost three
            -- times as much: DuckDB makes a sort key of it whenever it meets a group
            -- anew.
            {% for name in columns %} any_value({{ name }}) as {{ name }}, {% endfor %}
            -- An account has one name; were it renamed within the month, the last by
            -- name serves for all of its lines.
            max(bill_payer_account_name) as bill_payer_account_name,
            max(line_item_usage_account_name) as line_item_usage_account_name,
        from {{ ref("int_aws__lines_classified") }}
        where line_rule <> 'plan_negation'
        group by provider, billing_period, x_details_id
    )

select
    provider,
    billing_period,
    if(
        kind = 'unused', {{ hash_of(["'unused'", "x_details_id"]) }}, x_details_id
    ) as x_details_id,
    kind,
    {{ columns | join(", ") }},
    bill_payer_account_name,
    line_item_usage_account_name,
from of_lines
cross join (values ('line'), ('unused')) as yielded(kind)
where kind = 'line' or line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
union all
select distinct
    provider,
    billing_period,
    x_details_id,
    'uncancelled' as kind,
    {%- for name in columns %}
        {{ of_negations.get(name, "cast(null as varchar)") }} as {{ name }},
    {%- endfor %}
    cast(null as varchar) as bill_payer_account_name,
    cast(null as varchar) as line_item_usage_account_name,
from {{ ref("int_aws__negations_netted") }}
