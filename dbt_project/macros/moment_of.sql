{#-
    A timestamp that a bill holds as MM/DD/YYYY, as ISO text or as a timestamp, in UTC. Anything else fails the build. A
    direct cast of text to `timestamp` would drop its offset from UTC without a word.
-#}
{% macro moment_of(expression) %}
    {{ return(adapter.dispatch("moment_of", "finops")(expression)) }}
{% endmacro %}

{% macro default__moment_of(expression) -%}
    case
        -- Nearly all are of this form, which needs no look at time zones: a third of
        -- the
        -- cost.
        when ends_with(cast({{ expression }} as varchar), 'Z')
        then cast(cast({{ expression }} as varchar) as timestamp)
        else
            coalesce(
                try_strptime(
                    cast({{ expression }} as varchar),
                    ['%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%Y%m%d']
                ),
                cast(cast({{ expression }} as timestamptz) as timestamp)
            )
    end
{%- endmacro %}
