with
    renamed as (
        select {{ gcp_usage_lines() }}
        from {{ source("landing_gcp", "gcp_standard_parquet") }}
    )

select *
from renamed
where {{ is_of_billing_period("invoice_month") }}
