select *, from {{ source("published", "charges") }}
