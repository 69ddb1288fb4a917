-- Usage and its amortised cost come from the amortized export, purchases of commitments
-- from the actual one. Everything else stands in both, and is taken once.
select *, 'azure_amortized' as source_format
from {{ ref("stg_azure_amortized") }}
union all by name
select *, 'azure_actual' as source_format
from {{ ref("stg_azure_actual") }}
where {{ azure_is_commitment_fee() }}
