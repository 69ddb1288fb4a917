{#- Key of everything that decides what tags a charge is given. -#}
{% macro resolution_id() -%}
    {{
        hash_of(
            [
                "tag_set_id",
                "rule_orders",
                "resource_rules",
                "required_keys",
                "rule_era",
                "parents",
            ]
        )
    }}
{%- endmacro %}
