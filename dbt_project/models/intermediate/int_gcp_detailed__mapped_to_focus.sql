select *
from {{ ref("int_gcp__mapped_to_focus") }}
where x_source_format = 'gcp_detailed'
