{{
    config(
        materialized="partitioned_parquet",
        location=env_var("FINOPS_WAREHOUSE_DIR") ~ "/focus",
        leaf="details",
        select_from_formats="charge_details_of",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

{{ charge_details_of(mapped_formats()) }}
