{#- How many letters must be inserted, removed, replaced or swapped to make one text of the other. -#}
{% macro edit_distance(first, second) %}
    {{- return(adapter.dispatch("edit_distance", "finops")(first, second)) -}}
{% endmacro %}

{% macro default__edit_distance(first, second) -%}
    damerau_levenshtein({{ first }}, {{ second }})
{%- endmacro %}
