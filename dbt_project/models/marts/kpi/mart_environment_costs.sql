with
    models as (
        select
            billing_period,
            provider,
            billing_currency,
            ai_model,
            {% for environment in ("production", "staging", "other") %}
                coalesce(
                    sum(effective_cost) filter (
                        where environment = '{{ environment }}'
                    ),
                    0
                ) as {{ environment }}_cost,
            {% endfor %}
        from {{ ref("environment_costs") }}
        group by billing_period, provider, billing_currency, ai_model
    ),

    compared as (
        select
            models.*,
            {{
                quotient(
                    "staging_cost * 100",
                    "if(production_cost > 0, production_cost, null)",
                )
            }} as staging_percent,
            targets.staging_over_production as target_percent,
        from models
        cross join {{ ref("kpi_targets") }} as targets
    )

select
    billing_period,
    provider,
    billing_currency,
    ai_model,
    {% for environment in ("production", "staging", "other") %}
        cast(
            {{ environment }}_cost as {{ var("money_type") }}
        ) as {{ environment }}_cost,
    {% endfor %}
    staging_percent,
    cast(target_percent as {{ var("money_type") }}) as target_percent,
    staging_cost > 0
    and (production_cost <= 0 or staging_percent > target_percent) as is_above_target,
from compared
