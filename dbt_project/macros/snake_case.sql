{#- `charge_period_start` for `ChargePeriodStart`. -#}
{% macro snake_case(name) %}
    {{ return(modules.re.sub("(?<!^)(?=[A-Z])", "_", name) | lower) }}
{% endmacro %}
