{#- The columns of `focus_columns()` that describe a charge, in their order; see `charge_columns()`. -#}
{% macro detail_columns() %}
    {% set found = [] %}
    {% for name, type in focus_columns() %}
        {% if name not in charge_columns() and name not in (
            "provider",
            "billing_period",
        ) %}
            {% do found.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}
