{{ config(materialized="ephemeral") }}

{{ aws_landed_totals(ref("stg_aws_cur_legacy")) }}
