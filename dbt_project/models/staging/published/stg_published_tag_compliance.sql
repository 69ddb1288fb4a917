select *, from {{ source("published", "mart_tag_compliance") }}
