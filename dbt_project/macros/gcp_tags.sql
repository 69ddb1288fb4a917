{#-
    The labels and tags of a GCP row as one JSON object. Of a key that several of them have, the nearest to the resource
    counts: its labels, then its tags (inherited ones too), then the labels of its project, then Google's system labels.
-#}
{% macro gcp_tags() %}
    {{ return(adapter.dispatch("gcp_tags", "finops")()) }}
{% endmacro %}

{% macro default__gcp_tags() -%}
    {%- set entries -%}
[
    {'key': entry.key, 'value': coalesce(entry.value, '')}
    for entry in list_concat(
        list_concat(
            [{'key': label.key, 'value': label.value} for label in coalesce(labels, [])],
            [{'key': tag.key, 'value': tag.value} for tag in coalesce(tags, [])]
        ),
        list_concat(
            [{'key': label.key, 'value': label.value} for label in coalesce(project.labels, [])],
            [{'key': label.key, 'value': label.value} for label in coalesce(system_labels, [])]
        )
    )
    if entry.key is not null
]
    {%- endset -%}
    {{ json_from_entries(entries) }}
{%- endmacro %}
