{#-
    A predicate that keeps the rows of the periods in scope. The periods are literals, because only literals keep DuckDB
    from opening the files of other periods.
-#}
{% macro is_in_scope(relation=none) %}
    {%- set of = relation ~ "." if relation else "" -%}
    {%- set periods = {} -%}
    {%- for row in periods_in_scope() -%}
        {%- do periods.setdefault(row["provider"], []).append(
            "'" ~ row["billing_period"] ~ "'"
        ) -%}
    {%- endfor -%}
    (
        false
        {%- for provider, months in periods.items() %}
            or (
                {{ of }}provider = '{{ provider }}'
                and {{ of }}billing_period in ({{ months | join(", ") }})
            )
        {%- endfor %}
    )
{%- endmacro %}

{#- A predicate that keeps the rows of the months in scope, whichever provider they are of, if any. -#}
{% macro is_month_in_scope() -%}
    (
        false
        {%- for month in periods_in_scope() | map(
            attribute="billing_period"
        ) | unique %} or billing_period = '{{ month }}' {%- endfor %}
    )
{%- endmacro %}

{#- A predicate that keeps what begins in the months in scope, in UTC: literals, so that other days are not read. -#}
{% macro begins_in_scope(moment) -%}
    (
        false
        {%- for month in periods_in_scope() | map(
            attribute="billing_period"
        ) | unique %}
            or (
                {{ moment }} >= timestamp '{{ month }}-01 00:00:00'
                and {{ moment }}
                < timestamp '{{ month }}-01 00:00:00' + interval 1 month
            )
        {%- endfor %}
    )
{%- endmacro %}
