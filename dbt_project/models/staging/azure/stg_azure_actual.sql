{{ config(materialized="parsed", source_format="azure_actual") }}

{{
    staged_lines(
        source("landing_azure", "azure_actual_parquet"),
        source("landing_azure", "azure_actual_csv"),
        "billing_period_start_date",
        **azure_cost_columns(),
    )
}}
