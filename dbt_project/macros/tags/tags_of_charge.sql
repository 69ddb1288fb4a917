{#-
    FOCUS `tags` of a stored charge, as JSON text: its cost categories, under keys that begin with `cost_category/`, then its
    own tags; null without either. A build stores the two apart, because joining them for every line would add a third to
    the cost of its tags; sums are joined once per distinct pair.

    It edits the text, since parsing ten million objects costs more than the rest of their lines. In JSON text a quote within
    a value is escaped, so `","` stands between two entries and nowhere else, except in a value that is a lone comma: that
    one is written as `\u002c` first, which is the same JSON.
-#}
{% macro tags_of_charge() -%}
    {%- set categories -%}
'{"cost_category/' || replace(
    replace(substr(x_cost_categories, 3), ':","', ':"\u002c"'), '","', '","cost_category/'
)
    {%- endset -%}
    case
        when x_cost_categories is null
        then tags
        when tags is null
        then {{ categories }}
        else rtrim({{ categories }}, '}') || ',' || substr(tags, 2)
    end
{%- endmacro %}
