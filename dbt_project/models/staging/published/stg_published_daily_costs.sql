select *, from {{ source("published", "fct_daily_costs") }}
