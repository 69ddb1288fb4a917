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
