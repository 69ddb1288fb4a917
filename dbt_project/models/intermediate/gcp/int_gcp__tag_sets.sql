{{ config(materialized="transient") }}

select native_tags, {{ gcp_tags("native_tags") }} as tags,
from (select distinct native_tags from {{ ref("stg_gcp_usage") }})
