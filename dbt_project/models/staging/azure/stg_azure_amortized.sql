{{ config(materialized="parsed", source_format="azure_amortized") }}

{{
    staged_lines(
        source("landing_azure", "azure_amortized_parquet"),
        source("landing_azure", "azure_amortized_csv"),
        "billing_period_start_date",
        **azure_cost_columns(),
    )
}}
