{#-
    Columns that a bill adds for each tag key, given as one JSON object, as a JSON object of text values: of the keys that
    begin with `prefix` (a regular expression), what follows it. Empty values are no tags.
-#}
{% macro json_from_prefixed(columns_as_json, prefix) -%}
    {%- set entries -%}
[
    {'key': regexp_replace(pair[1], '^(?:{{ prefix }})', ''), 'value': pair[2]}
    for pair in list_zip(json_keys({{ columns_as_json }}), json_extract_string({{ columns_as_json }}, '$.*'))
    if coalesce(pair[2], '') <> '' and regexp_matches(pair[1], '^(?:{{ prefix }})')
]
    {%- endset -%}
    {{ json_from_entries(entries) }}
{%- endmacro %}
