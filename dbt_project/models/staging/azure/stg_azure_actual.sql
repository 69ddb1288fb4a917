{{ config(materialized="parsed_once", source_format="azure_actual") }}

{{ azure_cost_lines("azure_actual") }}
