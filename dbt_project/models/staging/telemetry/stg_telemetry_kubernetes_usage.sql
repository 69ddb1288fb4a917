-- Two sources may say something of the same thing; the first by its name counts.
select * exclude (kind, day),
from {{ source("telemetry", "kubernetes_usage") }}
qualify
    row_number() over (
        partition by
            provider, cluster, node_resource_id, namespace, workload, pod, bucket_start
        order by source, day desc
    )
    = 1
