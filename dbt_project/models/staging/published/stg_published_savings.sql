select *, from {{ source("published", "mart_savings") }}
