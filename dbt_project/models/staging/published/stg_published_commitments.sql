select *, from {{ source("published", "mart_commitments") }}
