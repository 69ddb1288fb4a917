{#-
    A predicate that keeps the rows a rule of allocation.yml is for: those of its months, and, where it has a `selection`,
    those for which every condition holds. Columns are checked against a list when the rules are read.
-#}
{% macro is_of_rule(rule) -%}
    (
        true
        {%- if rule.from %}
            and billing_period >= {{ text_literal(rule.from) }}
        {% endif %}
        {%- if rule.to %} and billing_period <= {{ text_literal(rule.to) }}{% endif %}
        {%- for condition in rule.selection or [] %}
            and {{ adapter.quote(condition.column) }} {{ "not" if condition.negated }}
            in ({{ text_literal(condition["values"]) }})
        {%- endfor %}
    )
{%- endmacro %}

{#- A predicate that keeps the rows of `mart_allocation_sources` that a pool selects: no earlier pool matches them. -#}
{% macro is_selected_by(pool) -%}
    (rule_id = {{ text_literal(pool.id) }} and rule_version = {{ pool.version }})
{%- endmacro %}
