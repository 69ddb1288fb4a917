{{ config(materialized="ephemeral") }}

-- AWS alone writes it into the bill. Without a bill of AWS its lines are not planned.
{% set formats = (
    formats_in_scope() | select("in", ["aws_cur2", "aws_cur_legacy"]) | list
) %}
{% if formats %}
    select provider, billing_period, commitment_discount_id, expires_on,
    from {{ ref("int_aws__commitment_ends") }}
{% else %}
    select
        cast(null as varchar) as provider,
        cast(null as varchar) as billing_period,
        cast(null as varchar) as commitment_discount_id,
        cast(null as date) as expires_on,
    limit 0
{% endif %}
