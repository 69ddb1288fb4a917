{{ config(materialized="view") }} select * from {{ ref("stg_ops_reporting_currency") }}
