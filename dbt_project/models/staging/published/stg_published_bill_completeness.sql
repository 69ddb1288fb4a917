select *, from {{ source("published", "mart_bill_completeness") }}
