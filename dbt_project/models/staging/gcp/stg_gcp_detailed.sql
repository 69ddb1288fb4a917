with
    renamed as (
        select
            {{ gcp_usage_lines() }}
            resource.name as resource_name,
            resource.global_name as resource_global_name,
            cast(price.tier_start_amount as decimal(38, 12)) as price_tier_start_amount,
        from {{ source("landing_gcp", "gcp_detailed_parquet") }}
    )

select *
from renamed
where {{ is_of_billing_period("invoice_month") }}
