with
    shares as (select * from {{ ref("platform_costs") }}),

    budgets as (select * from {{ ref("budget_totals") }}),

    lines as (
        select
            billing_period,
            provider,
            billing_currency,
            kpi,
            subject,
            numerator,
            denominator,
        from shares
        union all
        select
            billing_period,
            provider,
            billing_currency,
            kpi,
            '(all)' as subject,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
        from shares
        where kpi = 'tag_compliance_by_spend'
        group by billing_period, provider, billing_currency, kpi
        union all
        select
            billing_period,
            '(all)' as provider,
            billing_currency,
            'budget_variance' as kpi,
            cost_center as subject,
            effective_cost - budget as numerator,
            budget as denominator,
        from budgets
        union all
        select
            billing_period,
            '(all)' as provider,
            billing_currency,
            'budget_variance' as kpi,
            '(all)' as subject,
            sum(effective_cost - budget) as numerator,
            sum(budget) as denominator,
        from budgets
        group by billing_period, billing_currency
        union all
        select
            billing_period,
            '(all)' as provider,
            billing_currency,
            kpi,
            '(all)' as subject,
            numerator,
            denominator,
        from {{ ref("decision_kpis") }}
        where kpi not in ('anomaly_detection_hours', 'action_hours_to_resolve')
    ),

    rated as (
        select
            lines.*,
            {{ quotient("lines.numerator * 100", "lines.denominator") }} as kpi_value,
            'percent' as unit,
            case
                lines.kpi
                when 'allocated_share'
                then targets.allocated_share
                when 'tag_compliance_by_spend'
                then targets.tag_compliance
                when 'forecast_error'
                then targets.forecast_error
                when 'forecast_coverage'
                then targets.forecast_coverage
                when 'action_success_rate'
                then targets.action_success
                else 0
            end as target,
        from lines
        cross join {{ ref("kpi_targets") }} as targets
        union all
        select
            freshness.billing_period,
            freshness.provider,
            '(none)' as billing_currency,
            'data_freshness_hours' as kpi,
            freshness.feed || ' ' || freshness.source as subject,
            {{ quotient("freshness.age_seconds", "3600") }} as numerator,
            1 as denominator,
            {{ quotient("freshness.age_seconds", "3600") }} as kpi_value,
            'hours' as unit,
            targets.freshness_hours as target,
        from {{ ref("source_freshness") }} as freshness
        cross join {{ ref("kpi_targets") }} as targets
        union all
        select
            decisions.billing_period,
            '(all)' as provider,
            decisions.billing_currency,
            decisions.kpi,
            '(all)' as subject,
            decisions.numerator,
            decisions.denominator,
            {{ quotient("decisions.numerator", "decisions.denominator") }} as kpi_value,
            'hours' as unit,
            case
                decisions.kpi
                when 'action_hours_to_resolve'
                then targets.action_hours
                else targets.detection_hours
            end as target,
        from {{ ref("decision_kpis") }} as decisions
        cross join {{ ref("kpi_targets") }} as targets
        where decisions.kpi in ('anomaly_detection_hours', 'action_hours_to_resolve')
    )

select
    billing_period,
    provider,
    billing_currency,
    kpi,
    subject,
    cast(numerator as {{ var("money_type") }}) as numerator,
    cast(denominator as {{ var("money_type") }}) as denominator,
    cast(kpi_value as {{ var("money_type") }}) as kpi_value,
    unit,
    cast(target as {{ var("money_type") }}) as target,
    case
        when
            kpi in (
                'budget_variance',
                'forecast_error',
                'data_freshness_hours',
                'anomaly_detection_hours',
                'action_hours_to_resolve'
            )
        then kpi_value <= target
        else kpi_value >= target
    end as is_met,
from rated
