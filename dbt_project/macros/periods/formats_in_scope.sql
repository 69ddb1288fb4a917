{#-
    The native formats of the bills in scope, as `finops.core.formats` names them; all of them while dbt parses, for its
    lineage. Planning a SELECT over every format costs more than running it over a small month.
-#}
{% macro formats_in_scope() %}
    {% if execute %}
        {% set delivered = (
            periods_in_scope() | map(attribute="source_formats") | join(",")
        ).split(",") %}
        {{ return(delivered | unique | list) }}
    {% endif %}
    {{
        return(
            [
                "aws_cur2",
                "aws_cur_legacy",
                "azure_actual",
                "azure_amortized",
                "gcp_detailed",
                "gcp_standard",
                "focus",
            ]
        )
    }}
{% endmacro %}
