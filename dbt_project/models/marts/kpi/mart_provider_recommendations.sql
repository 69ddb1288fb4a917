with
    owners as (
        select
            billing_period,
            provider,
            resource_id,
            cost_center,
            ai_project,
            ai_model,
            ai_stage,
            environment,
        from {{ ref("resource_owners") }}
        qualify
            row_number() over (
                partition by billing_period, provider, resource_id
                order by billing_currency
            )
            = 1
    )

select
    advice.billing_period,
    advice.provider,
    coalesce(
        advice.currency, usual_currencies.billing_currency, '(none)'
    ) as billing_currency,
    advice.recommendation_id,
    advice.recommended_by,
    advice.action,
    advice.resource_id,
    advice.resource_type,
    advice.account_id,
    advice.region,
    advice.current_instance_type,
    advice.recommended_instance_type,
    advice.title,
    advice.details,
    advice.observed_at,
    advice.first_observed_on,
    cast(advice.observed_at as date) as last_observed_on,
    cast(advice.monthly_saving as {{ var("money_type") }}) as monthly_saving,
    coalesce(owners.cost_center, '{{ var("unallocated") }}') as cost_center,
    {% for name in ["ai_project", "ai_model", "ai_stage", "environment"] %}
        coalesce(owners.{{ name }}, '(none)') as {{ name }},
    {% endfor %}
from {{ ref("observed_recommendations") }} as advice
left join
    owners
    on owners.billing_period = advice.billing_period
    and owners.provider = advice.provider
    and owners.resource_id = advice.resource_id
left join
    {{ ref("usual_currencies") }} as usual_currencies
    on usual_currencies.billing_period = advice.billing_period
    and usual_currencies.provider = advice.provider
