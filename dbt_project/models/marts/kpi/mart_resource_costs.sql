select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    resource_id,
    max(sub_account_id) as sub_account_id,
    max(region_id) as region_id,
    max(instance_type) as instance_type,
    greatest(
        sum(machine_hours) filter (where is_metered_by_gpu),
        sum(machine_hours) filter (where not is_metered_by_gpu)
    ) as billed_hours,
    {% for measure in ["billed_cost", "effective_cost", "list_cost"] %}
        cast(sum({{ measure }}) as {{ var("money_type") }}) as {{ measure }},
    {% endfor %}
    {% for way in ["committed", "spot", "on demand"] %}
        cast(
            sum(
                case when priced_as = '{{ way }}' then effective_cost else 0 end
            ) as {{ var("money_type") }}
        ) as {{ way | replace(" ", "_") }}_cost,
    {% endfor %}
    cast(
        sum(
            case when is_provisioned_concurrency then effective_cost else 0 end
        ) as {{ var("money_type") }}
    ) as provisioned_cost,
    string_agg(
        distinct commitment_discount_id, ', ' order by commitment_discount_id
    ) filter (where priced_as = 'committed') as commitment_ids,
from {{ ref("resource_charges") }}
group by billing_period, provider, billing_currency, charge_date, resource_id
