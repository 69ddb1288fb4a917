select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    {%- for measure in ["billed_cost", "effective_cost"] %}
        sum({{ measure }}) as {{ measure }},
        {%- for kind, condition in [
            ("tagged", "= 'tag'"),
            ("labelled", "in ('parent', 'label', 'cost_category')"),
            ("ruled", "like 'rule:%'"),
            ("unallocated", "= '(none)'"),
        ] %}
            sum(
                case
                    when cost_center_source {{ condition }} then {{ measure }} else 0
                end
            ) as {{ kind }}_{{ measure }},
        {%- endfor %}
    {%- endfor %}
from {{ ref("fct_daily_costs") }}
where {{ is_in_scope() }}
group by billing_period, provider, billing_currency, charge_date
