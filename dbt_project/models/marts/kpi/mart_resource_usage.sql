select
    days.billing_period,
    days.provider,
    coalesce(currencies.billing_currency, '(none)') as billing_currency,
    days.* exclude (billing_period, provider),
from {{ ref("resource_days") }} as days
left join
    {{ ref("usual_currencies") }} as currencies
    on currencies.billing_period = days.billing_period
    and currencies.provider = days.provider
