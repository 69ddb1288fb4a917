{% set columns = aws_detail_columns() + [
    "source_format",
    "line_rule",
    "line_item_operation",
    "product_instance_family",
] %}

with
    of_lines as (
        select
            provider,
            billing_period,
            x_details_id,
            -- Equal throughout the group. One struct costs a third of as many
            -- aggregates.
            -- Operation and family follow from the SKU, and are asked of nothing that
            -- has none.
            any_value(
                struct_pack(
                    {%- for name in columns %}
                        {{ name }} := {{ name }}{{ "," if not loop.last }}
                    {%- endfor %}
                )
            ) as detail,
            -- An account has one name; were it renamed within the month, the last by
            -- name serves for all of its lines.
            max(bill_payer_account_name) as bill_payer_account_name,
            max(line_item_usage_account_name) as line_item_usage_account_name,
        from {{ ref("int_aws__lines_classified") }}
        where line_rule <> 'plan_negation'
        group by provider, billing_period, x_details_id
    ),

    of_negations as (
        select distinct
            provider,
            billing_period,
            x_details_id,
            source,
            source_format,
            bill_payer_account_id,
            line_item_currency_code,
            savings_plan_id,
            'ComputeSavingsPlans' as line_item_product_code,
            'SavingsPlanNegation' as line_item_line_item_type,
            'plan_negation' as line_rule,
            'Savings plan negations that do not cancel the usage they cover'
            as line_item_line_item_description,
            false as has_resource,
            false as is_normalized,
        from {{ ref("int_aws__negations_netted") }}
    )

select
    provider,
    billing_period,
    if(
        kind = 'unused', {{ hash_of(["'unused'", "x_details_id"]) }}, x_details_id
    ) as x_details_id,
    kind,
    {%- for name in columns %} detail.{{ name }} as {{ name }}, {%- endfor %}
    bill_payer_account_name,
    line_item_usage_account_name,
from of_lines
cross join (values ('line'), ('unused')) as yielded(kind)
where
    kind = 'line'
    or detail.line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
union all
select
    provider,
    billing_period,
    x_details_id,
    'uncancelled' as kind,
    {%- for name in columns %}
        {% if name in (
            "source",
            "source_format",
            "bill_payer_account_id",
            "line_item_currency_code",
            "savings_plan_id",
            "line_item_product_code",
            "line_item_line_item_type",
            "line_item_line_item_description",
            "line_rule",
            "has_resource",
            "is_normalized",
        ) %}
            {{ name }},
        {%- else %} cast(null as varchar) as {{ name }},
        {%- endif %}
    {%- endfor %}
    cast(null as varchar) as bill_payer_account_name,
    cast(null as varchar) as line_item_usage_account_name,
from of_negations
