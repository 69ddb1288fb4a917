{#-
    A cell that a Parquet file may hold as JSON text, as a map, a struct or a list of structs, as JSON text. DuckDB knows a
    column's type before it reads it, so a map, which most bills have, costs one step.
-#}
{% macro json_text_of(expression) %}
    {{- return(adapter.dispatch("json_text_of", "finops")(expression)) -}}
{% endmacro %}

{% macro default__json_text_of(expression) -%}
    case
        when starts_with(typeof({{ expression }}), 'MAP')
        then cast(to_json({{ expression }}) as varchar)
        when typeof({{ expression }}) = 'VARCHAR'
        then cast({{ expression }} as varchar)
        -- A field that a struct has and a row has not is null.
        when
            starts_with(typeof({{ expression }}), 'STRUCT')
            and not ends_with(typeof({{ expression }}), ']')
        then cast(json_merge_patch('{}', to_json({{ expression }})) as varchar)
        else json_extract_string(to_json({{ expression }}), '$')
    end
{%- endmacro %}

{#-
    The same as a JSON object of text values, for a column that is not looked up among the distinct sets of tags: text that
    is such an object already stays as it is, other text is taken apart. `is_text`: the column is text in every file.
-#}
{% macro json_object_from(expression, is_text=false) %}
    {%- set text = expression if is_text else json_text_of(expression) -%}
    case
        when starts_with(typeof({{ expression }}), 'MAP')
        then nullif(cast(to_json({{ expression }}) as varchar), '{}')
        when coalesce({{ text }}, '{}') in ('', '{}')
        then null
        when
            starts_with({{ text }}, '{')
            and json_valid({{ text }})
            and len(json_keys({{ text }})) = len(list_distinct(json_keys({{ text }})))
        then {{ text }}
        -- As a list of one, so that its many steps name the text and not how it came
        -- about.
        else list_transform([{{ text }}], lambda t:{{ json_from_text("t") }})[1]
    end
{%- endmacro %}
