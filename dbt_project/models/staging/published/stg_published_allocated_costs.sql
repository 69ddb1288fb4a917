select *, from {{ source("published", "mart_allocated_costs") }}
