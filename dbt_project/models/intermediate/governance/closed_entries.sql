{{ config(materialized="view") }} select * from {{ ref("stg_ops_closed_entries") }}
