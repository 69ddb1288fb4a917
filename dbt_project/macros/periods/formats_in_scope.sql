{#-
    The native formats of the bills in scope; all of them while dbt parses, for its lineage. Planning a SELECT over every
    format costs more than running it over a small month.
-#}
{% macro formats_in_scope() %}
    {% if not execute %} {{ return(mapped_formats()) }} {% endif %}
    {% set delivered = (
        periods_in_scope() | map(attribute="source_formats") | join(",")
    ).split(",") %}
    {{ return(mapped_formats() | select("in", delivered) | list) }}
{% endmacro %}
