{{ config(materialized="transient", relation_type="view") }}

{{
    first_of_sources(
        source("telemetry", "endpoint_traffic"),
        ["provider", "endpoint_id", "traffic_source", "bucket_start"],
    )
}}
