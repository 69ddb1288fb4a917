{#- Whether a description of charges, `details`, meets every describing condition of `scope`, a row of the tag policy. -#}
{% macro is_in_tag_scope(details, scope) -%}
    {%- for column in [
        "provider",
        "billing_account_id",
        "sub_account_id",
        "sub_account_name",
        "service_name",
        "service_category",
        "charge_category",
        "region_id",
    ] %}
        {{ matches_any(details ~ "." ~ column, scope ~ "." ~ column) }} and
    {%- endfor %}
    coalesce({{ scope }}.has_resource = ({{ details }}.resource_type is not null), true)
{%- endmacro %}
