{#-
    The rows of landed telemetry with buckets, each key once: where several sources speak of one thing, the first by its name
    counts. Most have one source a kind, whose days have each key once, and telling millions of keys apart takes seconds.
-#}
{% macro first_of_sources(landed, key) %}
    {%- set count = "select count(distinct source) from " ~ landed -%}
    {%- set has_several = execute and run_query(count).rows[0][0] | int > 1 -%}
    select * exclude (kind, day),
    from {{ landed }}
    {%- if has_several %}
        qualify
            row_number() over (partition by {{ key | join(", ") }} order by source) = 1
    {%- endif %}
{% endmacro %}
