{{ config(relation_type="view") }} select *, from {{ ref("machine_types") }}
