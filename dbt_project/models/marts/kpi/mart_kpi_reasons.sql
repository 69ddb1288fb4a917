{{ config(materialized="view") }}

{%- set money_type = var("money_type") -%}
{#- What a period of a KPI is told apart by. -#}
{%- set key = "billing_currency, kpi, grain, period_start" -%}
{#- The period that follows: next Monday, or the first of the next month. -#}
{%- set next_start -%}
    cast(
        case
            when grain = 'month'
            then period_start + interval 1 month
            else period_start + interval 7 day
        end as date
    )
{%- endset %}

with
    published as (select distinct billing_period from {{ ref("mart_kpi_values") }}),

    subject_values as (
        select
            billing_currency,
            kpi,
            grain,
            case
                when grain = 'month'
                then cast(billing_period || '-01' as date)
                else week_start
            end as period_start,
            subject,
            max(week_start) as week_start,
            max(kpi_name) as kpi_name,
            max(unit) as unit,
            max(better) as better,
            max(target) as target,
            cast(sum(numerator) as {{ money_type }}) as numerator,
            cast(sum(denominator) as {{ money_type }}) as denominator,
        from {{ ref("mart_kpi_values") }}
        group by all
    ),

    totals as (
        select
            {{ key }},
            max(week_start) as week_start,
            max(kpi_name) as kpi_name,
            max(unit) as unit,
            max(better) as better,
            max(target) as target,
            cast(sum(numerator) as {{ money_type }}) as numerator,
            cast(sum(denominator) as {{ money_type }}) as denominator,
        from subject_values
        group by all
    ),

    valued as (
        select
            *,
            {{ next_start }} as next_start,
            {# A week is of the month that its Sunday is in: it is whole when that month has come so far. #}
            substr(
                cast(
                    case
                        when grain = 'month'
                        then period_start
                        else cast(period_start + interval 6 day as date)
                    end as varchar
                ),
                1,
                7
            ) as billing_period,
            {# Without a denominator the KPI is a total. #}
            case
                when denominator is null
                then numerator
                else {{ quotient("numerator", "denominator") }}
            end as value,
        from totals
    ),

    {# A week of which one month has no figures is not whole: it is not shown, and nothing is compared with it. #}
    whole as (
        select valued.*,
        from valued
        inner join published on published.billing_period = valued.billing_period
        inner join
            published as begun
            on begun.billing_period = substr(cast(valued.period_start as varchar), 1, 7)
    ),

    compared as (
        select
            this.*,
            before.value as previous_value,
            before.denominator as previous_denominator,
            cast(this.value - before.value as {{ money_type }}) as change,
            cast(this.value + before.value as {{ money_type }}) as both_values,
        from whole as this
        left join
            whole as before
            on before.billing_currency = this.billing_currency
            and before.kpi = this.kpi
            and before.grain = this.grain
            and before.next_start = this.period_start
    ),

    {# Each subject as it was in the period and in the one before; one that is missing had nothing. #}
    steps as (
        select
            {{ key }},
            subject,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
            sum(previous_numerator) as previous_numerator,
            sum(previous_denominator) as previous_denominator,
        from
            (
                select
                    {{ key }},
                    subject,
                    numerator,
                    denominator,
                    cast(null as {{ money_type }}) as previous_numerator,
                    cast(null as {{ money_type }}) as previous_denominator,
                from subject_values
                union all
                select
                    billing_currency,
                    kpi,
                    grain,
                    {{ next_start }} as period_start,
                    subject,
                    cast(null as {{ money_type }}) as numerator,
                    cast(null as {{ money_type }}) as denominator,
                    numerator as previous_numerator,
                    denominator as previous_denominator,
                from subject_values
            ) as both_periods
        group by all
    ),

    moved as (
        select
            steps.billing_currency,
            steps.kpi,
            steps.grain,
            steps.period_start,
            steps.subject,
            compared.change,
            compared.denominator as total,
            compared.previous_denominator as previous_total,
            {{ quotient("compared.both_values", "cast(2 as " ~ money_type ~ ")") }}
            as middle,
            cast(coalesce(steps.numerator, 0) as {{ money_type }}) as numerator,
            cast(coalesce(steps.denominator, 0) as {{ money_type }}) as denominator,
            cast(
                coalesce(steps.previous_numerator, 0) as {{ money_type }}
            ) as previous_numerator,
            cast(
                coalesce(steps.previous_denominator, 0) as {{ money_type }}
            ) as previous_denominator,
        from steps
        inner join
            compared
            on compared.billing_currency = steps.billing_currency
            and compared.kpi = steps.kpi
            and compared.grain = steps.grain
            and compared.period_start = steps.period_start
        where compared.change is not null
    ),

    parts as (
        select
            {{ key }},
            subject,
            change,
            case
                when total is null
                then numerator
                else {{ quotient("numerator", "denominator") }}
            end as subject_value,
            case
                when previous_total is null
                then previous_numerator
                else {{ quotient("previous_numerator", "previous_denominator") }}
            end as previous_subject_value,
            cast(
                case
                    when total is null
                    then numerator - previous_numerator
                    else
                        {{ quotient("numerator", "total") }}
                        - {{ portion("middle", "denominator", "total") }}
                        - {{ quotient("previous_numerator", "previous_total") }}
                        + {{
                            portion(
                                "middle", "previous_denominator", "previous_total"
                            )
                        }}
                end as {{ money_type }}
            ) as part,
        from moved
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by {{ key }} order by abs(part) desc, subject
            ) as place,
            sum(part) over (partition by {{ key }}) as all_parts,
        from parts
    ),

    {# What rounding leaves goes to the largest, so that the parts are the change to the last decimal. #}
    exact_parts as (
        select
            * exclude (part),
            cast(
                case
                    when place = 1 then part + change - all_parts else part
                end as {{ money_type }}
            ) as part,
        from ranked
    ),

    reasons as (
        select
            {{ key }},
            {%- for place in (1, 2, 3) %}
                {%- for column, name in (
                    ("subject", "subject"),
                    ("part", "change"),
                    ("previous_subject_value", "previous_value"),
                    ("subject_value", "value"),
                ) %}
                    max(
                        case
                            when place = {{ place }} and part <> 0 then {{ column }}
                        end
                    ) as reason_{{ place }}_{{ name }},
                {%- endfor %}
            {%- endfor %}
            cast(
                sum(case when place > 3 then part else 0 end) as {{ money_type }}
            ) as other_change,
        from exact_parts
        group by all
    )

select
    compared.billing_period,
    compared.billing_currency,
    compared.kpi,
    compared.kpi_name,
    compared.unit,
    compared.better,
    compared.grain,
    compared.week_start,
    compared.numerator,
    compared.denominator,
    compared.value,
    compared.previous_value,
    compared.change,
    compared.target,
    case
        when compared.better = 'higher'
        then compared.value >= compared.target
        else compared.value <= compared.target
    end as is_met,
    {%- for place in (1, 2, 3) %}
        {%- for name in ("subject", "change", "previous_value", "value") %}
            reasons.reason_{{ place }}_{{ name }},
        {%- endfor %}
    {%- endfor %}
    reasons.other_change,
from compared
left join
    reasons
    on reasons.billing_currency = compared.billing_currency
    and reasons.kpi = compared.kpi
    and reasons.grain = compared.grain
    and reasons.period_start = compared.period_start
