{#-
    A timestamp that a bill holds as MM/DD/YYYY, as ISO text or as a timestamp, in UTC. Anything else fails the build. A
    direct cast of text to `timestamp` would drop its offset from UTC without a word.
-#}
{% macro moment_of(expression) %}
    {{ return(adapter.dispatch("moment_of", "finops")(expression)) }}
{% endmacro %}

{% macro default__moment_of(expression) -%}
    {%- set text = "cast(" ~ expression ~ " as varchar)" -%}
    case
        -- DuckDB knows a column's type before it reads it, so a timestamp costs
        -- nothing.
        when
            starts_with(typeof({{ expression }}), 'TIMESTAMP')
            or typeof({{ expression }}) = 'DATE'
        then try_cast({{ expression }} as timestamp)
        when ends_with({{ text }}, 'Z')
        then cast({{ text }} as timestamp)
        -- Trying forms that do not fit costs ten times what a cast does.
        when substr({{ text }}, 5, 1) = '-'
        then cast(cast({{ expression }} as timestamptz) as timestamp)
        else
            coalesce(
                try_strptime({{ text }}, ['%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%Y%m%d']),
                cast(cast({{ expression }} as timestamptz) as timestamp)
            )
    end
{%- endmacro %}

{#- The first of a column's names that holds a timestamp; each may have a type of its own. -#}
{% macro first_moment_of(names) -%}
    coalesce(
        {% for name in names %}{{ moment_of(adapter.quote(name)) }}, {% endfor %} null
    )
{%- endmacro %}
