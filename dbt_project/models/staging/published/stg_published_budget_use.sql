select *, from {{ source("published", "mart_budget_use") }}
