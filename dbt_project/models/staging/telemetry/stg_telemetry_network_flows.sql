{{ config(materialized="transient", relation_type="view") }}

{{
    first_of_sources(
        source("telemetry", "network_flows"),
        [
            "provider",
            "resource_id",
            "source_zone",
            "destination_zone",
            "bucket_start",
        ],
    )
}}
