{#- Pre-hook of the marts: remove the rows that the build is about to write, in the same transaction. -#}
{% macro delete_periods_in_scope() %}
    {% if execute and load_relation(this) is not none %}
        delete from {{ this }} where {{ is_in_scope() }}
    {% endif %}
{% endmacro %}
