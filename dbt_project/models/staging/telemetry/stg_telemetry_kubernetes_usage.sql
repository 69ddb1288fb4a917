{{ config(materialized="transient", relation_type="view") }}

{{
    first_of_sources(
        source("telemetry", "kubernetes_usage"),
        [
            "provider",
            "cluster",
            "node_resource_id",
            "namespace",
            "workload",
            "pod",
            "bucket_start",
        ],
    )
}}
