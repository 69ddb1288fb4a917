{{ config(materialized="transient", relation_type="view") }}

{{
    first_of_sources(
        source("telemetry", "resource_metrics"),
        ["provider", "resource_id", "metric", "bucket_start"],
    )
}}
