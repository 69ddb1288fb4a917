{{ config(relation_type="view") }} select *, from {{ ref("stg_kpi_targets") }}
