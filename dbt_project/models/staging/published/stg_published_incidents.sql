select *, from {{ source("published", "mart_incidents") }}
