select *, from {{ source("published", "charge_details") }}
