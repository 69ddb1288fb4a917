select *
from {{ ref("int_azure__mapped_to_focus") }}
where x_source_format = 'azure_amortized'
