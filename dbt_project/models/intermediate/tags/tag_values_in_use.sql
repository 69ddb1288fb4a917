{{ config(materialized="view") }}

select tag_key, tag_value,
from {{ ref("stg_ops_tag_values") }}
where is_allowed
union
select tag_set_values.tag_key, tag_set_values.own_value as tag_value,
from {{ ref("tag_set_values") }} as tag_set_values
inner join
    {{ ref("stg_ops_tag_keys") }} as keys on keys.tag_key = tag_set_values.tag_key
where keys.pattern is not null and tag_set_values.own_value is not null
