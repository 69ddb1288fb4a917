{#-
    FOCUS `tags` of a stored charge: its cost categories, under keys that begin with `cost_category/`, then its own tags;
    null without either. A build stores the two apart, because joining them for every line would add a third to the cost
    of its tags; sums are joined once per distinct pair.
-#}
{% macro tags_of_charge() -%}
    {{-
        json_merged(
            json_with_prefixed_keys("x_cost_categories", "cost_category/"),
            "x_cost_categories is not null",
            "tags",
            "tags is not null",
        )
    -}}
{%- endmacro %}
