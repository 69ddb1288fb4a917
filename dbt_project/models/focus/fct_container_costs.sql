{{ config(materialized="replaced_periods") }}

select *
from {{ ref("int_aws__split_costs") }}
where {{ is_in_scope() }}
