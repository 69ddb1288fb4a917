{{
    config(
        materialized="partitioned_parquet",
        location=env_var("FINOPS_WAREHOUSE_DIR") ~ "/focus",
        leaf="details",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

select provider, billing_period, x_details_id, {{ detail_columns() | join(", ") }},
from {{ ref("int_aws__charge_details") }}
{% for mapped in [
        ref("int_azure__mapped_to_focus"),
        ref("int_gcp__mapped_to_focus"),
        ref("int_focus__mapped_to_focus"),
    ] %}
    union all
    select distinct
        provider,
        billing_period,
        {{ hash_of(detail_columns()) }} as x_details_id,
        {{ detail_columns() | join(", ") }},
    from {{ mapped }}
{% endfor %}
