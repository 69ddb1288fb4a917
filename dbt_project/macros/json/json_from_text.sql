{#-
    Tags that a bill holds as text, as a JSON object of text values with its keys sorted; null when there are none. The
    text may be a JSON object, the same without its outer braces (as Azure's EA exports have it), a list of objects with a
    key and a value (as Google's FOCUS view has them), or a map or such a list that was written as text (`{key=value}`).
    What is none of these is kept whole under `x_unparsed_tags`. No text fails the build.
-#}
{% macro json_from_text(expression) -%}
    {%- set text = "trim(" ~ expression ~ ")" -%}
    {%- set json = (
        "(case when starts_with("
        ~ text
        ~ ", '{') then "
        ~ text
        ~ " else '{' || "
        ~ text
        ~ " || '}' end)"
    ) -%}
    {%- set unparsed = "{'key': 'x_unparsed_tags', 'value': " ~ text ~ "}" -%}
    {%- set from_object -%}
[
    {'key': pair[1], 'value': coalesce(pair[2], '')}
    for pair in list_zip(json_keys({{ json }}), json_extract_string({{ json }}, '$.*'))
]
    {%- endset -%}
    {%- set from_list -%}
list_transform(
    json_extract({{ text }}, '$[*]'),
    lambda e: case
        when coalesce(e ->> '$.key', e ->> '$.Key') is null then {{ unparsed }}
        else {
            'key': coalesce(e ->> '$.key', e ->> '$.Key'),
            'value': coalesce(e ->> '$.value', e ->> '$.Value', '')
        }
    end
)
    {%- endset -%}
    {%- set list = "try_cast(" ~ text ~ " as struct(key varchar, value varchar)[])" -%}
    {%- set map = "try_cast(" ~ text ~ " as map(varchar, varchar))" -%}
    {%- set from_list_as_text -%}
[
    case when e.key is null then {{ unparsed }} else {'key': e.key, 'value': coalesce(e.value, '')} end
    for e in {{ list }}
]
    {%- endset -%}
    {%- set from_map -%}
[{'key': pair.key, 'value': coalesce(pair.value, '')} for pair in map_entries({{ map }})]
    {%- endset -%}
    case
        when
            coalesce({{ text }}, '') in ('', '{}', '[]')
            or lower({{ text }}) in ('null', '{null}', '[null]')
        then null
        when starts_with({{ text }}, '[') and json_valid({{ text }})
        then {{ json_from_entries(from_list) }}
        when starts_with({{ text }}, '[') and {{ list }} is not null
        then {{ json_from_entries(from_list_as_text) }}
        when json_valid({{ json }})
        then {{ json_from_entries(from_object) }}
        when {{ map }} is not null
        then {{ json_from_entries(from_map) }}
        else {{ json_from_entries("[" ~ unparsed ~ "]") }}
    end
{%- endmacro %}
