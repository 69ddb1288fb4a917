{#- The native formats the fact is made of, as in `finops.core.formats`. -#}
{% macro mapped_formats() %}
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
