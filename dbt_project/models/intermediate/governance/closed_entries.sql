{{ config(materialized="ephemeral") }} select * from {{ ref("stg_ops_closed_entries") }}
