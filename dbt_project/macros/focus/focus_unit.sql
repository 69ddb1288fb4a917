{#-
    A unit that the seed `pricing_units` does not know, in a form FOCUS's unit format allows: a number of thousands or
    millions in full, a trailing time as `-Hours` or `-Months`, and no other punctuation. Null for an empty text.
-#}
{% macro focus_unit(native_unit) -%}
    {%- set counted -%}
    regexp_replace(
        regexp_replace(trim({{ native_unit }}), '^([0-9]+) ?[Kk] +', '\1000 '),
        '^([0-9]+) ?[Mm] +', '\1000000 '
    )
    {%- endset -%}
    {#- What is left of a unit without its time, word by word; a word may not begin with a digit. -#}
    {%- set words -%}
    regexp_replace(
        trim(
            regexp_replace(
                regexp_replace({{ counted }}, '(?i)(.)[-/ ](hrs?|hours?|mo|months?)$', '\1'),
                '[^A-Za-z0-9]+', ' ', 'g'
            )
        ),
        '( |^)([0-9]+[A-Za-z]|[0-9]+$)', '\1x\2', 'g'
    )
    {%- endset -%}
    nullif({{ words }}, '') || case
        when regexp_matches({{ native_unit }}, '(?i).[-/ ](hrs?|hours?)$')
        then '-Hours'
        when regexp_matches({{ native_unit }}, '(?i).[-/ ](mo|months?)$')
        then '-Months'
        else ''
    end
{%- endmacro %}
