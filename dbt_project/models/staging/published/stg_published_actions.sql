select *, from {{ source("published", "mart_actions") }}
