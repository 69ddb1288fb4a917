{#-
    A GCP row's labels and tags as the export has them, each a list of keys and values: what `gcp_tags` takes apart.
-#}
{% macro gcp_native_tags() %}
    {{ return(adapter.dispatch("gcp_native_tags", "finops")()) }}
{% endmacro %}

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

{#-
    The labels and tags of GCP rows (`gcp_native_tags`) as one JSON object. Of a key that several of them have, the nearest
    to the resource counts: its labels, then its tags (inherited ones too), then the labels of its project, then Google's
    system labels.
-#}
{% macro gcp_tags(native) %}
    {{ return(adapter.dispatch("gcp_tags", "finops")(native)) }}
{% endmacro %}

{% macro default__gcp_tags(native) -%}
    {%- set entries -%}
[
    {'key': entry.key, 'value': coalesce(entry.value, '')}
    for entry in flatten([
        {{ native }}.labels, {{ native }}.tags, {{ native }}.project_labels, {{ native }}.system_labels
    ])
    if entry.key is not null
]
    {%- endset -%}
    {{ json_from_entries(entries) }}
{%- endmacro %}
