-- What has an owner, and what has its tags, is held against the whole bill, exactly;
-- all
-- cost centres together too.
with
    totals as (
        {% for counted_in, condition in [
            ("owners", "kpi = 'allocated_share'"),
            ("tags", "kpi = 'tag_compliance_by_spend' and subject = '(all)'"),
            (
                "centers",
                "kpi = 'tag_compliance_by_spend' and subject <> '(all)'",
            ),
        ] %}
            select
                billing_period,
                provider,
                billing_currency,
                '{{ counted_in }}' as counted_in,
                sum(denominator) as effective_cost,
            from {{ ref("mart_platform_kpis") }}
            where {{ condition }} and {{ is_in_scope() }}
            group by billing_period, provider, billing_currency
            union all
        {% endfor %}
        select
            billing_period,
            provider,
            billing_currency,
            'bill' as counted_in,
            sum(effective_cost) as effective_cost,
        from {{ ref("stg_published_daily_costs") }}
        where {{ is_in_scope() }}
        group by billing_period, provider, billing_currency
    )

select
    billing_period,
    provider,
    billing_currency,
    max(effective_cost) - min(effective_cost) as effective_difference,
from totals
group by billing_period, provider, billing_currency
having count(*) <> 4 or max(effective_cost) <> min(effective_cost)
