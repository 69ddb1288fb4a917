{#-
    Tags that a bill holds as text, as a JSON object of text values with its keys sorted; null when there are none. The
    text may be a JSON object, the same without its outer braces (as Azure's EA exports have it), a map that was read
    as text (`{key=value}`), or a list of keys and values (as Google's FOCUS view has them). What is none of these is kept whole under `x_unparsed_tags`.
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
    {%- set from_json -%}
[
    {'key': pair[1], 'value': coalesce(pair[2], '')}
    for pair in list_zip(json_keys({{ json }}), json_extract_string({{ json }}, '$.*'))
]
    {%- endset -%}
    {%- set from_map -%}
[
    {'key': pair.key, 'value': coalesce(pair.value, '')}
    for pair in map_entries(
        coalesce(try_cast({{ text }} as map(varchar, varchar)), map {'x_unparsed_tags': {{ text }}})
    )
]
    {%- endset -%}
    {%- set list = "try_cast(" ~ text ~ " as struct(key varchar, value varchar)[])" -%}
    case
        when coalesce({{ text }}, '') in ('', '{}')
        then null
        when starts_with({{ text }}, '[') and {{ list }} is not null
        then {{ json_from_entries(list) }}
        when json_valid({{ json }})
        then {{ json_from_entries(from_json) }}
        else {{ json_from_entries(from_map) }}
    end
{%- endmacro %}
