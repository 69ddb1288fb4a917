select provider, resource_id,
from {{ ref("stg_telemetry_training_runs") }}
union
select provider, endpoint_id as resource_id,
from {{ ref("stg_telemetry_inference_counts") }}
union
select provider, resource_id,
from {{ ref("stg_telemetry_resource_metrics") }}
union
select provider, node_resource_id as resource_id,
from {{ ref("stg_telemetry_kubernetes_usage") }}
union
select provider, resource_id,
from {{ ref("stg_telemetry_spot_interruptions") }}
union
select provider, resource_id,
from {{ ref("stg_telemetry_network_flows") }}
