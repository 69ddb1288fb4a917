{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ delete_periods_in_scope() }}",
    )
}}

select * exclude (source_cost),
from {{ ref("int_aws_split_costs") }}
where {{ is_in_scope() }}
