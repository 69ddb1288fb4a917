{{ config(materialized="parsed_once", source_format="azure_amortized") }}

{{ azure_cost_lines("azure_amortized") }}
