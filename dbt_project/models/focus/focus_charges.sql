{{
    config(
        materialized="partitioned_parquet",
        location=env_var("FINOPS_WAREHOUSE_DIR") ~ "/focus",
        leaf="part",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

select
    provider,
    billing_period,
    x_details_id,
    x_cost_categories,
    {{ charge_columns() | join(", ") }},
from {{ ref("int_aws__charges") }}
{% for mapped in [
        ref("int_azure__mapped_to_focus"),
        ref("int_gcp__mapped_to_focus"),
        ref("int_focus__mapped_to_focus"),
    ] %}
    union all
    select
        provider,
        billing_period,
        {{ hash_of(detail_columns()) }} as x_details_id,
        cast(null as varchar) as x_cost_categories,
        {{ charge_columns() | join(", ") }},
    from {{ mapped }}
{% endfor %}
