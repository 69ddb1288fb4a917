{{
    config(
        materialized="partitioned_parquet",
        location=env_var("FINOPS_WAREHOUSE_DIR") ~ "/focus",
        leaf="part",
        select_from_formats="charges_of",
        group="bills",
        access="protected",
        contract={"enforced": false},
    )
}}

{{ charges_of(mapped_formats()) }}
