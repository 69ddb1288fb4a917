{#- The describing columns that a scope or rule of the tag policy may name. -#}
{% macro tag_scope_columns() %}
    {{
        return(
            [
                "provider",
                "billing_account_id",
                "sub_account_id",
                "sub_account_name",
                "service_name",
                "service_category",
                "charge_category",
                "region_id",
            ]
        )
    }}
{% endmacro %}
