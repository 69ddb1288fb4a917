{#- A GCP row's labels and tags as the export has them, each a list of keys and values: what `gcp_tags` takes apart. -#}
{% macro gcp_native_tags() -%}
    {{ return(adapter.dispatch("gcp_native_tags", "finops")()) }}
{%- endmacro %}

{% macro default__gcp_native_tags() -%}
    {%- set lists = {
        "labels": "labels",
        "tags": "tags",
        "project_labels": "project.labels",
        "system_labels": "system_labels",
    } -%}
    struct_pack(
        {%- for name, list in lists.items() %}
            {{ name }} := list_transform(
                {{ list }}, lambda e:struct_pack(key := e.key, value := e.value)
            )
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
