{#- The statement that removes the rows which the build is about to write. -#}
{% macro delete_periods_in_scope(relation) %}
    delete from {{ relation }} where {{ is_in_scope() }}
{% endmacro %}
