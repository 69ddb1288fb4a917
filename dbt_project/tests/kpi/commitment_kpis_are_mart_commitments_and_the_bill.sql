-- The types, and all of them, have the cost of mart_commitments, and of what the bill
-- says was used and not used of commitments, exactly.
{% set measures = ["used_cost", "unused_cost", "used_contracted_cost"] %}

with
    totals as (
        {% for counted_in, model, condition in [
            ("types", "mart_commitment_kpis", "commitment_type <> '(all)'"),
            ("all", "mart_commitment_kpis", "commitment_type = '(all)'"),
            ("commitments", "stg_published_commitments", "true"),
        ] %}
            select
                billing_period,
                provider,
                billing_currency,
                '{{ counted_in }}' as counted_in,
                {% for measure in measures %}
                    sum({{ measure }}) as {{ measure }},
                {% endfor %}
            from {{ ref(model) }}
            where {{ condition }} and {{ is_in_scope() }}
            group by billing_period, provider, billing_currency
            union all
        {% endfor %}
        select
            billing_period,
            provider,
            billing_currency,
            'bill' as counted_in,
            sum(
                if(commitment_discount_status = 'Used', effective_cost, 0)
            ) as used_cost,
            sum(
                if(commitment_discount_status = 'Unused', effective_cost, 0)
            ) as unused_cost,
            sum(
                if(commitment_discount_status = 'Used', contracted_cost, 0)
            ) as used_contracted_cost,
        from {{ ref("stg_published_daily_costs") }}
        where commitment_discount_status in ('Used', 'Unused') and {{ is_in_scope() }}
        group by billing_period, provider, billing_currency
    )

select
    billing_period,
    provider,
    billing_currency,
    {% for measure in measures %}
        max({{ measure }}) - min({{ measure }}) as {{ measure }}_difference,
    {% endfor %}
from totals
group by billing_period, provider, billing_currency
having
    false
    {% for measure in measures %}
        or max({{ measure }}) <> min({{ measure }})
    {% endfor %}
    or (count(*) <> 4 and max(abs(used_cost) + abs(unused_cost)) > 0)
