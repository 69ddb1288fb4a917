{{ config(materialized="transient", relation_type="view") }}

{{
    first_of_sources(
        source("telemetry", "inference_counts"),
        [
            "provider",
            "endpoint_id",
            "model",
            "model_version",
            "stage",
            "bucket_start",
        ],
    )
}}
