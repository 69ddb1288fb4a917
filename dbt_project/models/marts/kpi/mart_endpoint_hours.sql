select
    hours.billing_period,
    hours.provider,
    coalesce(currencies.billing_currency, '(none)') as billing_currency,
    hours.endpoint_id,
    hours.hour_start,
    hours.requests,
    hours.successes,
    hours.minutes_covered,
from {{ ref("endpoint_hours") }} as hours
left join
    {{ ref("usual_currencies") }} as currencies
    on currencies.billing_period = hours.billing_period
    and currencies.provider = hours.provider
