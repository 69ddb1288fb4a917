{#- The folder that holds what the running build reads. -#}
{% macro inputs_folder() %}
    {{ return(env_var("FINOPS_WAREHOUSE_DIR") ~ "/inputs") }}
{% endmacro %}
