-- Usage and its amortised cost come from the amortized export, purchases of commitments
-- from the actual one. Everything else stands in both, and is taken once.
with
    charges as (
        select *, 'azure_amortized' as source_format
        from {{ ref("stg_azure_amortized") }}
        union all
        select *, 'azure_actual' as source_format
        from {{ ref("stg_azure_actual") }}
        where {{ azure_is_commitment_fee() }}
    )

select charges.* exclude (native_tags), tag_sets.tags,
from charges
left join
    {{ ref("int_azure__tag_sets") }} as tag_sets
    on tag_sets.native_tags = charges.native_tags
