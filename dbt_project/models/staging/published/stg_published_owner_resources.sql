select *, from {{ source("published", "owner_resources") }}
