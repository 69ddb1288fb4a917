-- The standard export lacks the resource and the price of a row.
select *, 'gcp_detailed' as source_format
from {{ ref("stg_gcp_detailed") }}
union all by name
select *, 'gcp_standard' as source_format
from {{ ref("stg_gcp_standard") }}
